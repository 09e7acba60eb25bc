/// A set of nodes of one chart, a bit each; its members come in document order.
struct NodeSet: Equatable, Sequence, Sendable {
    private var words: [UInt64]

    /// An empty set for a chart of `count` nodes.
    init(of count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

    func contains(_ node: Chart.NodeIndex) -> Bool { words[node >> 6] >> UInt64(node & 63) & 1 == 1 }

    mutating func insert(_ node: Chart.NodeIndex) { words[node >> 6] |= 1 << UInt64(node & 63) }

    mutating func subtract(_ other: NodeSet) {
        for index in words.indices { words[index] &= ~other.words[index] }
    }

    mutating func formUnion(_ other: NodeSet) {
        for index in words.indices { words[index] |= other.words[index] }
    }

    /// Adds the members of `other` that lie in the range.
    mutating func insert(_ other: NodeSet, in range: Range<Chart.NodeIndex>) {
        Self.eachWord(of: range) { index, mask in words[index] |= other.words[index] & mask }
    }

    /// Whether any member lies in the range.
    func hasMember(in range: Range<Chart.NodeIndex>) -> Bool {
        var isFound = false
        Self.eachWord(of: range) { index, mask in isFound = isFound || words[index] & mask != 0 }
        return isFound
    }

    /// Calls `body` with each word that the range touches, and the range's bits in it.
    private static func eachWord(of range: Range<Chart.NodeIndex>, _ body: (Int, UInt64) -> Void) {
        guard !range.isEmpty else { return }
        let (first, last) = (range.lowerBound >> 6, (range.upperBound - 1) >> 6)
        for index in first...last {
            var mask = UInt64.max
            if index == first { mask &= .max << UInt64(range.lowerBound & 63) }
            if index == last { mask &= .max >> UInt64(63 - (range.upperBound - 1) & 63) }
            body(index, mask)
        }
    }

    /// The members, ascending.
    var members: [Chart.NodeIndex] {
        var members: [Chart.NodeIndex] = []
        members.reserveCapacity(words.reduce(0) { $0 + $1.nonzeroBitCount })
        for member in self { members.append(member) }
        return members
    }

    struct Iterator: IteratorProtocol {
        fileprivate let words: [UInt64]
        fileprivate var index = 0
        fileprivate var rest: UInt64

        mutating func next() -> Chart.NodeIndex? {
            while rest == 0 {
                index += 1
                guard index < words.count else { return nil }
                rest = words[index]
            }
            defer { rest &= rest - 1 }
            return index << 6 + rest.trailingZeroBitCount
        }
    }

    func makeIterator() -> Iterator { Iterator(words: words, rest: words.first ?? 0) }
}
