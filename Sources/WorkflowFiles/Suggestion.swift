/// Guesses what was meant by a name that is not known.
enum Suggestion {
    /// How many letters may differ.
    static let distanceMax = 2
    /// Longer names are not compared.
    static let lengthMax = 200

    static func hint(for name: String, among candidates: [String]) -> String? {
        let near = candidates.map { (name: $0, distance: distance(name, $0)) }
            .filter { $0.distance <= distanceMax && $0.distance < $0.name.count }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        return near.map { "did you mean `\($0.name)`?" }
    }

    /// How many names are listed where none is near.
    static let listedMax = 8

    /// A near name, or all of them if they are few.
    static func hintOrList(for name: String, among candidates: [String]) -> String? {
        if let near = hint(for: name, among: candidates) { return near }
        guard !candidates.isEmpty, candidates.count <= listedMax else { return nil }
        return "there is " + candidates.sorted().map { "`\($0)`" }.joined(separator: ", ")
    }

    /// Levenshtein's distance; letters are compared without regard to case first.
    static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.lowercased().unicodeScalars)
        let right = Array(right.lowercased().unicodeScalars)
        guard left.count <= lengthMax, right.count <= lengthMax, abs(left.count - right.count) <= distanceMax else {
            return .max
        }
        var row = Array(0...right.count)
        for (i, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (letter == other ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
