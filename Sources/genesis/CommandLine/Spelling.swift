/// Finds the name that somebody probably meant.
enum Spelling {
    /// How many wrong letters are still taken for a slip, by the length of the word.
    private static func slipsMax(_ length: Int) -> Int { length <= 3 ? 1 : length <= 8 ? 2 : 3 }

    static func nearest(to word: String, among names: [String]) -> String? {
        let lowered = word.lowercased()
        if let completed = names.first(where: { lowered.count >= 3 && $0.lowercased().hasPrefix(lowered) }) {
            return completed
        }
        let ranked = names.map { (distance(lowered, $0.lowercased()), $0) }.min { $0.0 < $1.0 }
        guard let ranked, ranked.0 <= slipsMax(word.count) else { return nil }
        return ranked.1
    }

    /// Damerau–Levenshtein, adjacent swaps only: insertions, deletions, replacements and swaps from one to the other.
    static func distance(_ left: String, _ right: String) -> Int {
        // A longer word is no slip of the keyboard; the bound keeps the table small.
        let lengthMax = 64
        let a = Array(left.unicodeScalars.prefix(lengthMax))
        let b = Array(right.unicodeScalars.prefix(lengthMax))
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var best = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
                row.append(best)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
