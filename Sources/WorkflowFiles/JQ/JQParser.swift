internal import Orchestration

/// Reads jq programs of the simple kind, by the grammar of jq 1.6; nil for all others, right or wrong.
struct JQParser {
    /// Programs deeper than this are libjq's; the evaluator's recursion is as deep as the program.
    static let depthMax = 64

    private var tokens: [JQLexer.Token]
    private var position = 0
    private var depth = 0
    /// The variables in sight, the innermost last, and how many slots have been given out.
    private var scope: [(name: String, slot: Int)] = []
    private var slots = 0

    private init(_ tokens: [JQLexer.Token]) { self.tokens = tokens }

    /// What the height of a syntax tree, and so the evaluator's recursion, can grow to.
    static let tokensMax = 512

    static func parse(_ program: String) -> (syntax: JQSyntax, slots: Int)? {
        guard let tokens = JQLexer.tokens(of: program), tokens.count <= tokensMax else { return nil }
        var parser = JQParser(tokens)
        guard let syntax = parser.pipe(), parser.position == tokens.count else { return nil }
        return (syntax, parser.slots)
    }

    private var next: JQLexer.Token? { position < tokens.count ? tokens[position] : nil }

    mutating func take(_ symbol: String) -> Bool {
        guard next == .symbol(symbol) else { return false }
        position += 1
        return true
    }

    private mutating func take(word: String) -> Bool {
        guard next == .name(word) else { return false }
        position += 1
        return true
    }

    /// `a | b`
    mutating func pipe() -> JQSyntax? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax, var left = binary(level: 0) else { return nil }
        // `a | b | c` is read from the left, which means the same and needs no depth.
        while take("|") {
            guard let right = binary(level: 0) else { return nil }
            left = .pipe(left, right)
        }
        return left
    }

    private enum Side { case left, right, none }
    private static let levels: [(symbols: [String], side: Side)] = [
        ([","], .left), (["//"], .right), (["=", "|=", "+=", "-=", "*=", "/="], .none), (["or"], .left),
        (["and"], .left), (["==", "!=", "<", "<=", ">", ">="], .none), (["+", "-"], .left), (["*", "/", "%"], .left),
    ]

    private func binaryOperator(at level: Int) -> String? {
        let text: String
        switch next {
        case .symbol(let symbol): text = symbol
        case .name(let name): text = name
        case .number, .string, .variable, .field, nil: return nil
        }
        return Self.levels[level].symbols.contains(text) ? text : nil
    }

    private mutating func binary(level: Int) -> JQSyntax? {
        guard level < Self.levels.count else { return operand() }
        guard var left = binary(level: level + 1) else { return nil }
        while let symbol = binaryOperator(at: level) {
            position += 1
            let side = Self.levels[level].side
            depth += 1
            defer { depth -= 1 }
            guard depth <= Self.depthMax, let right = binary(level: side == .right ? level : level + 1),
                let joined = Self.join(left, symbol, right)
            else { return nil }
            left = joined
            if side == .none { return binaryOperator(at: level) == nil ? left : nil }
        }
        return left
    }

    private static func join(_ left: JQSyntax, _ symbol: String, _ right: JQSyntax) -> JQSyntax? {
        if symbol == "," { return .comma(left, right) }
        if symbol.hasSuffix("="), !["==", "!=", "<=", ">="].contains(symbol) {
            return assignment(left, symbol, right)
        }
        // With several values on one side jq goes through them in an order of its own.
        guard left.isSingle, symbol == "//" || right.isSingle else { return nil }
        return switch symbol {
        case "//": .alternative(left, right)
        case "or": .or(left, right)
        case "and": .and(left, right)
        case "==": .comparison(left, .equal, right)
        case "!=": .comparison(left, .unequal, right)
        case "<": .comparison(left, .less, right)
        case "<=": .comparison(left, .lessOrEqual, right)
        case ">": .comparison(left, .greater, right)
        case ">=": .comparison(left, .greaterOrEqual, right)
        default: arithmetic(symbol.first).map { .arithmetic(left, $0, right) }
        }
    }

    private static func arithmetic(_ symbol: Character?) -> JQSyntax.Operator? {
        switch symbol {
        case "+": .add
        case "-": .subtract
        case "*": .multiply
        case "/": .divide
        case "%": .remainder
        default: nil
        }
    }

    private static func assignment(_ left: JQSyntax, _ symbol: String, _ right: JQSyntax) -> JQSyntax? {
        guard let path = path(of: left), !path.isEmpty, right.isSingle else { return nil }
        switch symbol {
        case "=": return .assignment(path, right, .set)
        case "|=": return .assignment(path, right, .update)
        default: return arithmetic(symbol.first).map { .assignment(path, right, .arithmetic($0)) }
        }
    }

    /// The keys of `.a.b`.
    static func path(of syntax: JQSyntax) -> [String]? {
        switch syntax {
        case .identity: return []
        case .field(let base, let name, optional: false): return path(of: base).map { $0 + [name] }
        default: return nil
        }
    }

    // MARK: Operands

    private mutating func operand() -> JQSyntax? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else { return nil }
        if take("-") {
            // As far as operators that bind closer go.
            guard let inner = binary(level: 7), inner.isSingle else { return nil }
            return .negated(inner)
        }
        if take(word: "if") { return condition() }
        if take(word: "reduce") { return reduce() }
        guard let term = term() else { return nil }
        if take(word: "as") {
            if case .attempt = term { return nil }
            guard case .variable(let name) = next else { return nil }
            position += 1
            guard take("|"), let (slot, body) = scoped(name, { $0.pipe() }) else { return nil }
            return .binding(term, slot: slot, body: body)
        }
        return term
    }

    private mutating func scoped(
        _ name: String,
        _ read: (inout JQParser) -> JQSyntax?
    ) -> (slot: Int, body: JQSyntax)? {
        let slot = slots
        slots += 1
        scope.append((name, slot))
        defer { scope.removeLast() }
        return read(&self).map { (slot, $0) }
    }

    private mutating func condition() -> JQSyntax? {
        guard let test = pipe(), test.isSingle, take(word: "then"), let then = pipe() else { return nil }
        if take(word: "elif") {
            return condition().map { .condition(test, then: then, otherwise: $0) }
        }
        guard take(word: "else"), let otherwise = pipe(), take(word: "end") else { return nil }
        return .condition(test, then: then, otherwise: otherwise)
    }

    private mutating func reduce() -> JQSyntax? {
        guard let source = term(), take(word: "as"), case .variable(let name) = next else { return nil }
        if case .attempt = source { return nil }
        position += 1
        guard take("("), let initial = pipe(), initial.isSingle, take(";"),
            let (slot, update) = scoped(name, { $0.pipe() }), update.isSingle, take(")"),
            // Round by round its value could grow as deep as there are rounds.
            !update.nests
        else { return nil }
        return .reduce(source, slot: slot, initial: initial, update: update)
    }

    private mutating func term() -> JQSyntax? {
        guard var term = primary() else { return nil }
        var isPath = false
        if case .symbol(".") = tokens[position - 1] { isPath = true }
        while let token = next {
            switch token {
            case .field(let name):
                position += 1
                term = .field(term, name, optional: take("?"))
            case .symbol("["):
                position += 1
                guard let bracketed = bracket(term) else { return nil }
                term = bracketed
            case .symbol("."):
                guard position + 1 < tokens.count, case .string(let parts) = tokens[position + 1],
                    let name = Self.plain(parts)
                else { return nil }
                position += 2
                term = .field(term, name, optional: take("?"))
            case .string(let parts) where isPath:
                guard let name = Self.plain(parts) else { return nil }
                position += 1
                term = .field(term, name, optional: take("?"))
            case .symbol("?"):
                position += 1
                term = .attempt(term)
                // jq would read what follows as something else.
                switch next {
                case .field, .symbol("["), .symbol("."), .symbol("?"): return nil
                default: break
                }
            default: return term
            }
            isPath = false
        }
        return term
    }

    /// `[]`, `[i]`, `[a:b]` behind a term.
    private mutating func bracket(_ base: JQSyntax) -> JQSyntax? {
        if take("]") { return .iterate(base, optional: take("?")) }
        if take(":") {
            guard let to = pipe(), to.isSingle, take("]"), next != .symbol("?") else { return nil }
            return .slice(base, from: nil, to: to)
        }
        guard let first = pipe(), first.isSingle else { return nil }
        if take("]") { return .index(base, first, optional: take("?")) }
        guard take(":") else { return nil }
        if take("]") { return next == .symbol("?") ? nil : .slice(base, from: first, to: nil) }
        guard let to = pipe(), to.isSingle, take("]"), next != .symbol("?") else { return nil }
        return .slice(base, from: first, to: to)
    }

    private static func plain(_ parts: [JQLexer.Part]) -> String? {
        if case .text(let text) = parts.first, parts.count == 1 { text } else { nil }
    }

    private mutating func primary() -> JQSyntax? {
        guard let token = next else { return nil }
        position += 1
        switch token {
        case .number(let number): return .constant(.number(number))
        case .string(let parts): return text(parts)
        case .variable(let name): return scope.last { $0.name == name }.map { .variable($0.slot) }
        case .field(let name): return .field(.identity, name, optional: take("?"))
        case .symbol("."): return .identity
        case .symbol("("):
            guard let inner = pipe(), take(")") else { return nil }
            return inner
        case .symbol("["):
            if take("]") { return .constant([]) }
            guard let inner = pipe(), take("]") else { return nil }
            return .list(inner)
        case .symbol("{"): return object()
        case .name(let name): return call(name)
        case .symbol: return nil
        }
    }

    private mutating func text(_ parts: [JQLexer.Part]) -> JQSyntax? {
        if let plain = Self.plain(parts) { return .constant(.string(plain)) }
        var syntaxes: [JQSyntax] = []
        for part in parts {
            switch part {
            case .text(let text): syntaxes.append(.constant(.string(text)))
            case .program(let tokens):
                var inner = self
                inner.tokens = tokens
                inner.position = 0
                guard let syntax = inner.pipe(), inner.position == tokens.count, syntax.isSingle else { return nil }
                slots = inner.slots
                syntaxes.append(syntax)
            }
        }
        return .text(syntaxes)
    }

    private mutating func object() -> JQSyntax? {
        var members: [(key: JQSyntax, value: JQSyntax)] = []
        if take("}") { return .constant([:]) }
        repeat {
            guard let member = member() else { return nil }
            members.append(member)
        } while take(",")
        return take("}") ? .object(members) : nil
    }

    private mutating func member() -> (key: JQSyntax, value: JQSyntax)? {
        guard let token = next else { return nil }
        position += 1
        switch token {
        case .variable(let name):
            guard next != .symbol(":"), let slot = scope.last(where: { $0.name == name })?.slot else { return nil }
            return (.constant(.string(name)), .variable(slot))
        case .name(let name):
            // A word of jq's own is no key of its own in every version.
            guard !Self.words.contains(name) else { return nil }
            return value(forKey: name)
        case .string(let parts):
            guard let name = Self.plain(parts) else { return nil }
            return value(forKey: name)
        case .symbol("("):
            guard let key = pipe(), key.isSingle, take(")"), take(":"), let value = memberValue() else { return nil }
            return (key, value)
        case .number, .field, .symbol: return nil
        }
    }

    private mutating func value(forKey name: String) -> (key: JQSyntax, value: JQSyntax)? {
        let key = JQSyntax.constant(.string(name))
        guard take(":") else { return (key, .field(.identity, name, optional: false)) }
        return memberValue().map { (key, $0) }
    }

    /// jq takes no operators here but `|` and a leading `-`.
    private mutating func memberValue() -> JQSyntax? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else { return nil }
        var left: JQSyntax
        if take("-") {
            guard let inner = term(), inner.isSingle, next != .symbol("|") else { return nil }
            left = .negated(inner)
        } else {
            guard let term = term(), term.isSingle else { return nil }
            left = term
        }
        while take("|") {
            guard next != .symbol("-"), let right = term(), right.isSingle else { return nil }
            left = .pipe(left, right)
        }
        return next == .symbol(",") || next == .symbol("}") ? left : nil
    }
}
