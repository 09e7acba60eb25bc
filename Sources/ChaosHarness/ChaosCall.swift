internal import Glibc

/// What the command line asks for.
package struct ChaosCall: Sendable {
    package let subcommand: String
    private let values: [String: String]

    package init(_ arguments: [String]) throws {
        guard let first = arguments.first else { throw ChaosFailure("which subcommand?") }
        subcommand = first
        var values: [String: String] = [:]
        var rest = arguments.dropFirst()
        while let name = rest.popFirst() {
            guard name.hasPrefix("--"), let value = rest.popFirst() else {
                throw ChaosFailure("`\(name)`: expected --name value")
            }
            values[String(name.dropFirst(2))] = value
        }
        self.values = values
    }

    package func text(_ name: String) -> String? { values[name] }

    package func number(_ name: String, default value: Int) throws -> Int {
        guard let text = values[name] else { return value }
        guard let number = Int(text), number >= 0 else { throw ChaosFailure("--\(name) takes a number, not `\(text)`") }
        return number
    }

    /// Given, or of this moment: it is printed, and `--seed N --rounds 1` repeats a round.
    package func seed() throws -> UInt64 {
        guard let text = values["seed"] else { return UInt64(time(nil)) }
        guard let seed = UInt64(text) else { throw ChaosFailure("--seed takes a number, not `\(text)`") }
        return seed
    }
}

package struct ChaosFailure: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
