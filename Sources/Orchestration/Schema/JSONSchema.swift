/// A JSON Schema (2020-12), compiled: what a reply or a result must look like.
///
/// A documented subset. Checked: `type`, `enum`, `const`, `properties`, `required`, `additionalProperties`,
/// `patternProperties`, `minProperties`, `maxProperties`, `items`, `prefixItems`, `minItems`, `maxItems`, `uniqueItems`,
/// `contains`, `minContains`, `maxContains`, `minLength`, `maxLength` (in code points), `pattern` (`SchemaPattern` says
/// which), `format` (`date-time`, `date`, `uuid`, `email`, `uri`; it is a rule here, not a note), `minimum`, `maximum`,
/// `exclusiveMinimum`, `exclusiveMaximum`, `multipleOf`, `allOf`, `anyOf`, `oneOf`, `not`, `if` with `then` and `else`,
/// `$defs` with `$ref` to `#` or `#/$defs/NAME`, and `true` and `false` as schemas. Notes
/// (`title`, `description`, `default`, `examples`, `deprecated`, `readOnly`, `writeOnly`, `$comment`) are passed over.
/// Every other keyword is refused when the schema is compiled: a rule that nobody checks is worse than none.
package struct JSONSchema: Equatable, Sendable {
    /// Something wrong, and where: a JSON Pointer (RFC 6901) into the value, or into the schema when compiling.
    package struct Fault: Error, Equatable, Sendable, CustomStringConvertible {
        /// Empty for the whole value.
        package var pointer: String
        package var message: String

        package init(_ pointer: String, _ message: String) {
            self.pointer = pointer
            self.message = message
        }

        package var description: String {
            pointer.isEmpty ? "the value \(message)" : "\(PrintableText.of(pointer)) \(message)"
        }
    }

    /// How many schemas one document may hold.
    package static let subschemasMax = 10_000
    /// How deep schemas may stand inside one another.
    package static let depthMax = 64
    /// How many faults are listed; one more says that there are others.
    package static let faultsMax = 20
    /// How many comparisons one validation may take; alternatives inside alternatives can multiply.
    package static let stepsMax = 200_000

    typealias Index = Int

    /// What one schema asks for; what is nil or empty asks for nothing.
    struct Rules: Equatable, Sendable {
        /// `false` as a schema: nothing fits.
        var refusesAll = false
        var reference: Index?
        var types: [String] = []
        var enumeration: [JSONValue]?
        var constant: JSONValue?
        var properties: [String: Index] = [:]
        var required: [String] = []
        var patternProperties: [PatternRule] = []
        var additionalProperties: Index?
        var propertyCount = Bounds()
        var items: Index?
        var prefixItems: [Index] = []
        var itemCount = Bounds()
        var uniqueItems = false
        var contains: Index?
        var containsCount = Bounds()
        var length = Bounds()
        var pattern: SchemaPattern?
        var format: SchemaFormat?
        var minimum: Double?
        var maximum: Double?
        var exclusiveMinimum: Double?
        var exclusiveMaximum: Double?
        var multipleOf: Double?
        var allOf: [Index] = []
        var anyOf: [Index] = []
        var oneOf: [Index] = []
        var not: Index?
        var condition: Index?
        var then: Index?
        var otherwise: Index?

        /// The schemas that judge the same value as this one.
        var inPlace: [Index] {
            [reference, not, condition, then, otherwise].compactMap(\.self) + allOf + anyOf + oneOf
        }
    }

    /// The schema of all properties whose names a pattern matches.
    struct PatternRule: Equatable, Sendable {
        var pattern: SchemaPattern
        var schema: Index
    }

    /// How many there may be.
    struct Bounds: Equatable, Sendable {
        var min: Int?
        var max: Int?
    }

    /// The document's schemas; the first is the document itself.
    var rules: [Rules]

    /// Compiles a document, or says everything that is wrong with it.
    package static func compile(_ document: JSONValue) -> Result<JSONSchema, Faults> {
        var compiling = SchemaCompiler()
        return compiling.compile(document)
    }

    /// What is wrong with the value; empty when it fits. At most `faultsMax` faults and one that says there are more.
    package func validate(_ value: JSONValue) -> [Fault] {
        var validation = SchemaValidation(rules: rules)
        return validation.faults(of: value)
    }

    package struct Faults: Error, Equatable, Sendable {
        /// At least one.
        package var all: [Fault]
    }
}

/// A schema as it stands in a workflow file, compiled once.
package struct SchemaDocument: Equatable, Sendable {
    package let json: JSONValue
    private let compiled: Result<JSONSchema, JSONSchema.Faults>

    package init(_ json: JSONValue) {
        self.json = json
        compiled = JSONSchema.compile(json)
    }

    /// What is wrong with the document itself; empty when it is a schema.
    package var ownFaults: [JSONSchema.Fault] {
        switch compiled {
        case .success: []
        case .failure(let faults): faults.all
        }
    }

    /// What is wrong with a value; a document that is no schema fits nothing.
    package func faults(of value: JSONValue) -> [JSONSchema.Fault] {
        switch compiled {
        case .success(let schema): schema.validate(value)
        case .failure(let faults): faults.all.map { JSONSchema.Fault("", "cannot be checked: the schema's \($0)") }
        }
    }
}

/// JSON Pointers (RFC 6901), built step by step.
enum JSONPointer {
    static func appending(_ component: String, to pointer: String) -> String {
        var escaped = ""
        for scalar in component.unicodeScalars {
            switch scalar {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return pointer + "/" + escaped
    }
}

extension String {
    /// The unescaped components of a JSON Pointer.
    package var pointerComponents: [String] {
        split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { component in
            var text = ""
            var rest = component.unicodeScalars[...]
            while let scalar = rest.popFirst() {
                guard scalar == "~", let next = rest.popFirst() else {
                    text.unicodeScalars.append(scalar)
                    continue
                }
                text += next == "0" ? "~" : next == "1" ? "/" : "~\(next)"
            }
            return text
        }
    }
}
