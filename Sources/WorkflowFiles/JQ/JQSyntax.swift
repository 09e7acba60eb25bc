internal import Orchestration

/// A jq program of the simple kind, ready to be evaluated in this process by `JQEvaluator`.
///
/// The simple kind is what workflows are mostly made of: paths, constants, arithmetic, comparisons, `if`, `//`,
/// objects, lists, and functions whose work is at most in proportion to what they are given. `JQParser` says nothing
/// about programs of another kind; those are libjq's (`JQHelper`).
indirect enum JQSyntax: Sendable {
    case identity
    case constant(JSONValue)
    case variable(Int)
    /// `a.b`, `a[b]`: `optional` drops the error.
    case index(JQSyntax, JQSyntax, optional: Bool)
    case field(JQSyntax, String, optional: Bool)
    case slice(JQSyntax, from: JQSyntax?, to: JQSyntax?)
    case iterate(JQSyntax, optional: Bool)
    case pipe(JQSyntax, JQSyntax)
    case comma(JQSyntax, JQSyntax)
    case alternative(JQSyntax, JQSyntax)
    case and(JQSyntax, JQSyntax)
    case or(JQSyntax, JQSyntax)
    case negated(JQSyntax)
    case arithmetic(JQSyntax, Operator, JQSyntax)
    case comparison(JQSyntax, Comparison, JQSyntax)
    case condition(JQSyntax, then: JQSyntax, otherwise: JQSyntax)
    /// `source as $slot | body`
    case binding(JQSyntax, slot: Int, body: JQSyntax)
    case reduce(JQSyntax, slot: Int, initial: JQSyntax, update: JQSyntax)
    case list(JQSyntax)
    case object([(key: JQSyntax, value: JQSyntax)])
    case text([JQSyntax])
    case attempt(JQSyntax)
    /// `.a.b = value`, `.a.b |= value`, `.a.b += value` …
    case assignment([String], JQSyntax, Assignment)
    case deletion([String])
    case map(JQSyntax)
    case select(JQSyntax)
    case empty
    case call(Function, [JQSyntax])
    /// `any` and `all`, of the elements or of what a program makes of them.
    case quantifier(JQSyntax, isAny: Bool)
    case range(from: JQSyntax, to: JQSyntax)
    case mapValues(JQSyntax)

    enum Operator: Sendable { case add, subtract, multiply, divide, remainder }
    enum Comparison: Sendable { case equal, unequal, less, lessOrEqual, greater, greaterOrEqual }
    enum Assignment: Sendable {
        case set
        case update
        case arithmetic(Operator)
    }

    /// Functions with one result, which depends on the input and on arguments that are values.
    enum Function: String, Sendable, CaseIterable {
        case length, keys, not, add, first, last, tostring, tonumber, type, floor, ceil, round, fabs, min, max, sort
        case unique, reverse, ascii_downcase, ascii_upcase
        case has, startswith, endswith, ltrimstr, rtrimstr, join

        var argumentCount: Int {
            switch self {
            case .length, .keys, .not, .add, .first, .last, .tostring, .tonumber, .type, .floor, .ceil, .round, .fabs,
                .min, .max, .sort, .unique, .reverse, .ascii_downcase, .ascii_upcase:
                0
            case .has, .startswith, .endswith, .ltrimstr, .rtrimstr, .join: 1
            }
        }
    }

    /// Whether it always gives exactly one value, unless it fails.
    var isSingle: Bool {
        switch self {
        case .identity, .constant, .variable, .list, .assignment, .deletion, .map, .quantifier, .mapValues: true
        case .index(let base, _, let optional), .field(let base, _, let optional): !optional && base.isSingle
        case .slice(let base, _, _), .negated(let base): base.isSingle
        case .pipe(let first, let second): first.isSingle && second.isSingle
        case .condition(_, let then, let otherwise): then.isSingle && otherwise.isSingle
        case .binding(let source, _, let body): source.isSingle && body.isSingle
        case .alternative(_, let other): other.isSingle
        // Their parts are single, or the parser would not have made them.
        case .and, .or, .arithmetic, .comparison, .object, .text, .call, .reduce: true
        case .iterate, .comma, .attempt, .select, .empty, .range: false
        }
    }

    /// Whether its value may be nested more deeply than what it is given.
    var nests: Bool {
        switch self {
        case .list, .object, .map, .mapValues, .assignment: true
        case .identity, .constant, .variable, .empty, .deletion: false
        case .field(let inner, _, _), .iterate(let inner, _), .negated(let inner), .attempt(let inner),
            .select(let inner), .quantifier(let inner, _):
            inner.nests
        case .slice(let base, let from, let to): base.nests || from?.nests ?? false || to?.nests ?? false
        case .index(let a, let b, _), .pipe(let a, let b), .comma(let a, let b), .alternative(let a, let b),
            .and(let a, let b), .or(let a, let b), .arithmetic(let a, _, let b), .comparison(let a, _, let b),
            .binding(let a, _, let b), .range(let a, let b):
            a.nests || b.nests
        case .condition(let a, let b, let c), .reduce(let a, _, let b, let c): a.nests || b.nests || c.nests
        case .text(let parts), .call(_, let parts): parts.contains(where: \.nests)
        }
    }
}
