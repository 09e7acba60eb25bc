import Foundation
import Orchestration

/// Stands in for jq: paths (`.event.payload.n`), JSON literals, `{key: path}`, `a == b`, and `inc` (context.n + 1).
struct SmallPrograms: ExpressionEvaluator {
    func evaluate(_ program: Program, on input: JSONValue) throws(ExpressionFailure) -> JSONValue {
        guard let value = value(of: program.source, on: input) else {
            throw ExpressionFailure(program: program, reason: "no value")
        }
        return value
    }

    private func value(of source: String, on input: JSONValue) -> JSONValue? {
        if let range = source.range(of: " == ") {
            let left = value(of: String(source[..<range.lowerBound]), on: input)
            return .bool(left == value(of: String(source[range.upperBound...]), on: input))
        }
        if source == "inc" { return ["n": .number((input["context"]["n"].number ?? 0) + 1)] }
        if source == "." { return input }
        if source.hasPrefix(".") {
            return source.split(separator: ".").reduce(input) { $0[String($1)] }
        }
        if source.hasPrefix("{"), source.hasSuffix("}") { return object(source.dropFirst().dropLast(), on: input) }
        if source.hasPrefix("\""), source.hasSuffix("\"") { return .string(String(source.dropFirst().dropLast())) }
        if let number = Int(source) { return .int(number) }
        return ["true": true, "false": false, "null": .null][source]
    }

    private func object(_ members: Substring, on input: JSONValue) -> JSONValue? {
        var object = JSONObject()
        for member in members.split(separator: ",") {
            let parts = member.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard parts.count == 2, let value = value(of: parts[1], on: input) else { return nil }
            object[parts[0]] = value
        }
        return .object(object)
    }
}
