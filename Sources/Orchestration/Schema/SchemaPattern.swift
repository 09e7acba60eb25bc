/// A regular expression of JSON Schema (`pattern`, `patternProperties`), matched in linear time.
///
/// The part of ECMA-262 that needs no way back: characters, `.`, classes `[a-z]` and `[^a-z]`, `\d \w \s \D \W \S`,
/// escapes (`\. \/ \n \t \r \u0041`), groups `(…)` and `(?:…)`, alternatives `|`, `* + ? {m} {m,} {m,n}`, lazy forms, and
/// `^` and `$` for the ends of the text. Look-around, back references, `\b` and `\p{…}` are refused, because what they
/// ask cannot be answered within a bound. As in JSON Schema a pattern may match anywhere unless it says `^` and `$`.
struct SchemaPattern: Equatable, Sendable {
    /// The longest pattern, in characters.
    static let lengthMax = 1_000
    /// How many states a pattern may have; repetition multiplies them.
    static let statesMax = 2_000
    /// The largest number in `{m,n}`.
    static let repetitionMax = 1_000
    /// How deep groups may stand inside one another.
    static let depthMax = 50
    /// How many states may be looked at in one match; a text that needs more does not fit.
    static let stepsMax = 20_000_000

    struct Fault: Error, Equatable {
        var message: String
    }

    /// Characters by their code points.
    struct Characters: Equatable, Sendable {
        var ranges: [ClosedRange<UInt32>] = []
        var isInverted = false

        func contains(_ scalar: Unicode.Scalar) -> Bool {
            ranges.contains { $0.contains(scalar.value) } != isInverted
        }
    }

    enum Instruction: Equatable, Sendable {
        case take(Characters)
        /// Goes on at both places.
        case fork(Int, Int)
        case jump(Int)
        case atStart
        case atEnd
        case found
    }

    let program: [Instruction]

    init(_ text: String) throws(Fault) {
        guard text.unicodeScalars.count <= Self.lengthMax else {
            throw Fault(message: "is longer than \(Self.lengthMax) characters")
        }
        var reading = SchemaPatternReader(text)
        let expression = try reading.all()
        var program: [Instruction] = []
        try Self.write(expression, to: &program)
        program.append(.found)
        self.program = program
    }

    // MARK: Program

    indirect enum Expression {
        case empty
        case characters(Characters)
        case start
        case end
        case sequence([Expression])
        case alternatives([Expression])
        case repeated(Expression, Int, Int?)
    }

    private static func write(_ expression: Expression, to program: inout [Instruction]) throws(Fault) {
        guard program.count < statesMax else { throw Fault(message: "has more than \(statesMax) states") }
        switch expression {
        case .empty: break
        case .characters(let set): program.append(.take(set))
        case .start: program.append(.atStart)
        case .end: program.append(.atEnd)
        case .sequence(let parts): for part in parts { try write(part, to: &program) }
        case .alternatives(let parts):
            var ends: [Int] = []
            for part in parts.dropLast() {
                let fork = program.count
                program.append(.found)
                try write(part, to: &program)
                ends.append(program.count)
                program.append(.found)
                program[fork] = .fork(fork + 1, program.count)
            }
            if let last = parts.last { try write(last, to: &program) }
            for end in ends { program[end] = .jump(program.count) }
        case .repeated(let part, let least, let most):
            for _ in 0..<least { try write(part, to: &program) }
            guard let most else {
                let fork = program.count
                program.append(.found)
                try write(part, to: &program)
                program.append(.jump(fork))
                program[fork] = .fork(fork + 1, program.count)
                return
            }
            var forks: [Int] = []
            for _ in least..<max(least, most) {
                forks.append(program.count)
                program.append(.found)
                try write(part, to: &program)
            }
            for fork in forks { program[fork] = .fork(fork + 1, program.count) }
        }
    }

    // MARK: Matching

    /// Whether the text has the pattern somewhere; nil when that would take more than `stepsMax` steps.
    func matches(_ text: String) -> Bool? {
        var steps = 0
        var marks = [Int](repeating: -1, count: program.count)
        var current: [Int] = []
        var position = 0
        /// Adds a state and all that it leads to without taking a character; true when one of them is the end.
        func add(_ first: Int, to states: inout [Int], isLast: Bool) -> Bool {
            var open = [first]
            while let state = open.popLast() {
                guard program.indices.contains(state), marks[state] != position else { continue }
                marks[state] = position
                steps += 1
                switch program[state] {
                case .take: states.append(state)
                case .fork(let one, let other): open += [other, one]
                case .jump(let target): open.append(target)
                case .atStart: if position == 0 { open.append(state + 1) }
                case .atEnd: if isLast { open.append(state + 1) }
                case .found: return true
                }
            }
            return false
        }
        var rest = text.unicodeScalars[...]
        if add(0, to: &current, isLast: rest.isEmpty) { return true }
        while let scalar = rest.popFirst() {
            guard steps <= Self.stepsMax else { return nil }
            position += 1
            var next: [Int] = []
            for state in current {
                steps += 1
                guard case .take(let set) = program[state], set.contains(scalar) else { continue }
                if add(state + 1, to: &next, isLast: rest.isEmpty) { return true }
            }
            if add(0, to: &next, isLast: rest.isEmpty) { return true }
            current = next
        }
        return false
    }
}
