import Testing

@testable import Orchestration

@Suite struct JSONSchemaTests {
    private func json(_ text: String) throws -> JSONValue {
        try JSONText.parse(Array(text.utf8), limits: .record)
    }

    /// The pointers of what is wrong with a value.
    private func pointers(_ value: String, _ schema: String) throws -> [String] {
        switch JSONSchema.compile(try json(schema)) {
        case .success(let schema): schema.validate(try json(value)).map(\.pointer)
        case .failure(let faults): faults.all.map { "does not compile: \($0)" }
        }
    }

    private func compileFaults(_ schema: String) throws -> [String] {
        switch JSONSchema.compile(try json(schema)) {
        case .success: []
        case .failure(let faults): faults.all.map(\.pointer)
        }
    }

    @Test(arguments: [
        (#"{"type":"string"}"#, #""a""#, "1"),
        (#"{"type":["string","null"]}"#, "null", "true"),
        (#"{"type":"integer"}"#, "1.0", "1.5"),
        (#"{"type":"number"}"#, "1.5", #""1.5""#),
        (#"{"enum":[1,"a",null]}"#, "null", "2"),
        (#"{"const":null}"#, "null", "0"),
        (#"{"const":{"a":[1]}}"#, #"{"a":[1]}"#, #"{"a":[2]}"#),
        (#"{"minLength":2,"maxLength":3}"#, #""äö""#, #""ä""#),
        (#"{"maxLength":1}"#, #""😀""#, #""ab""#),
        (#"{"minimum":1}"#, "1", "0.9"),
        (#"{"maximum":1}"#, "1", "1.1"),
        (#"{"exclusiveMinimum":1}"#, "1.1", "1"),
        (#"{"exclusiveMaximum":1}"#, "0.9", "1"),
        (#"{"multipleOf":0.1}"#, "0.3", "0.35"),
        (#"{"multipleOf":3}"#, "9", "10"),
        (#"{"minItems":1,"maxItems":2}"#, "[1]", "[]"),
        (#"{"maxItems":2}"#, "[1,2]", "[1,2,3]"),
        (#"{"uniqueItems":true}"#, #"[1,"1"]"#, "[1,1.0]"),
        (#"{"minProperties":1}"#, #"{"a":1}"#, "{}"),
        (#"{"maxProperties":1}"#, #"{"a":1}"#, #"{"a":1,"b":2}"#),
        (#"{"allOf":[{"minimum":1},{"maximum":3}]}"#, "2", "4"),
        (#"{"anyOf":[{"type":"string"},{"minimum":3}]}"#, "3", "2"),
        (#"{"oneOf":[{"minimum":1},{"minimum":3}]}"#, "2", "4"),
        (#"{"not":{"type":"string"}}"#, "1", #""a""#),
        (#"{"not":{"not":{"type":"string"}}}"#, #""a""#, "1"),
        (#"{"pattern":"^[a-z]+(-[a-z0-9]{2,3})?$"}"#, #""abc-x1""#, #""abc-x""#),
        (#"{"pattern":"b|c"}"#, #""abd""#, #""xyz""#),
        (#"{"format":"date-time"}"#, #""2026-11-21T07:00:00+01:00""#, #""2026-11-21 07:00:00Z""#),
        (#"{"format":"date"}"#, #""2024-02-29""#, #""2026-02-29""#),
        (#"{"format":"uuid"}"#, #""01234567-89AB-4cde-8f01-23456789abcd""#, #""0123456789ab4cde8f0123456789abcd""#),
        (#"{"format":"email"}"#, #""a.b+c@x-y.example""#, #""a..b@example.org""#),
        (#"{"format":"uri"}"#, #""https://example.org/a%20b?c#d""#, #""https://example.org/a b""#),
        (#"{"format":"uri"}"#, #""urn:isbn:1""#, #""//example.org""#),
        (#"{"contains":{"type":"string"}}"#, #"[1,"a"]"#, "[1,2]"),
        (#"{"contains":{"type":"string"},"minContains":2,"maxContains":2}"#, #"["a",1,"b"]"#, #"["a","b","c"]"#),
        (#"{"contains":true,"minContains":0}"#, "[]", ""),
        (#"{"if":{"minimum":10},"then":{"multipleOf":5},"else":{"maximum":3}}"#, "15", "12"),
        (#"{"if":{"minimum":10},"else":{"maximum":3}}"#, "2", "4"),
        (#"true"#, "1", ""),
        (#"false"#, "", "1"),
        (##"{"$ref":"#/$defs/a~1b","$defs":{"a/b":{"const":1}}}"##, "1", "2"),
    ])
    func `each keyword takes what fits and refuses the rest`(schema: String, good: String, bad: String) throws {
        if !good.isEmpty { #expect(try pointers(good, schema) == []) }
        if !bad.isEmpty { #expect(try pointers(bad, schema) == [""]) }
    }

    @Test func `every fault is listed with its pointer`() throws {
        let schema = """
            {"type":"object","required":["title","ids"],"additionalProperties":false,
             "properties":{"ids":{"type":"array","items":{"type":"string"},"prefixItems":[{"type":"integer"}]},
                           "a/b~c":{"maximum":1},"title":{"type":"string"}}}
            """
        let found = try pointers(#"{"ids":["x","y",3],"a/b~c":2,"extra":1}"#, schema)
        #expect(Set(found) == ["/title", "/ids/0", "/ids/2", "/a~1b~0c", "/extra"])
        #expect(try pointers(#"{"ids":[1,"y"],"title":"t"}"#, schema) == [])
    }

    @Test func `properties by pattern are checked beside those by name, and the rest is additional`() throws {
        let schema = """
            {"patternProperties":{"^n_":{"type":"number"},"_s$":{"minLength":2}},
             "properties":{"n_a":{"minimum":3}},"additionalProperties":false}
            """
        #expect(Set(try pointers(#"{"n_a":1,"n_b":"x","x_s":"y","z":1}"#, schema)) == ["/n_a", "/n_b", "/x_s", "/z"])
        #expect(try pointers(#"{"n_a":4,"n_s":5,"x_s":"yy"}"#, schema) == [])
    }

    @Test func `a pattern that other machines need for ever is answered at once`() throws {
        let text = String(repeating: "a", count: 20_000)
        let began = ContinuousClock.now
        #expect(try pointers("\"\(text)!\"", #"{"pattern":"^(a+)+$"}"#) == [""])
        #expect(try pointers("\"\(text)\"", #"{"pattern":"^(a|aa)+$"}"#) == [])
        #expect(ContinuousClock.now - began < .seconds(20))
    }

    @Test(arguments: [
        ("^\\d{4}-\\d\\d$", "2026-11", "2026-1"), ("^[^a-c\\]]*$", "xyz", "x]"), ("^(?:ab|a)b$", "abb", "ac"),
        ("^a??b+?$", "abb", "a"), ("^\\u0041.$", "Aß", "A\n"), ("^$", "", "a"), ("a{2,}", "baa", "aba"),
        ("^[\\w-]+\\s\\S$", "a-b c", "a  b"), ("^(|x)y$", "y", "xxy"),
    ])
    func `patterns mean what ECMA-262 says`(pattern: String, good: String, bad: String) throws {
        let compiled = try SchemaPattern(pattern)
        #expect(compiled.matches(good) == true)
        #expect(compiled.matches(bad) == false)
    }

    @Test func `a schema may contain itself`() throws {
        let tree = ##"{"type":"object","properties":{"children":{"items":{"$ref":"#"}},"name":{"type":"string"}}}"##
        #expect(
            try pointers(#"{"children":[{"name":"a","children":[{"name":1}]}]}"#, tree)
                == ["/children/0/children/0/name"]
        )
    }

    @Test(arguments: [
        (#"{"properties":{"a":{"patern":"x"}}}"#, "/properties/a/patern"),
        (#"{"pattern":"(?=a)"}"#, "/pattern"),
        (#"{"pattern":"(a"}"#, "/pattern"),
        (#"{"pattern":"a{9999}"}"#, "/pattern"),
        (#"{"pattern":"(a{1000}){1000}"}"#, "/pattern"),
        (#"{"pattern":"\\1"}"#, "/pattern"),
        (#"{"patternProperties":{"[":{}}}"#, "/patternProperties/["),
        (#"{"items":{"format":"idn-email"}}"#, "/items/format"),
        (#"{"then":{}}"#, "/then"),
        (#"{"maxContains":1}"#, "/maxContains"),
        (#"{"dependentRequired":{}}"#, "/dependentRequired"),
        (##"{"if":{"$ref":"#"}}"##, "/if"),
        (#"{"type":"text"}"#, "/type"),
        (#"{"minLength":-1}"#, "/minLength"),
        (#"{"multipleOf":0}"#, "/multipleOf"),
        (#"{"enum":[]}"#, "/enum"),
        (#"{"anyOf":[1]}"#, "/anyOf/0"),
        (##"{"$ref":"#/$defs/none"}"##, "/$ref"),
        (#"{"$ref":"https://example.org/s"}"#, "/$ref"),
        (##"{"allOf":[{"$ref":"#"}]}"##, "/allOf/0"),
        (##"{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"not":{"$ref":"#/$defs/a"}}}}"##, "/$defs/b/not"),
        (#"{"properties":{"a":{"$defs":{}}}}"#, "/properties/a/$defs"),
        (#"{"$schema":"http://json-schema.org/draft-07/schema#"}"#, "/$schema"),
        ("1", ""),
    ])
    func `what cannot be checked is refused at its place`(schema: String, place: String) throws {
        #expect(try compileFaults(schema) == [place])
    }

    @Test func `alternatives that multiply are given up after a bound`() throws {
        var definitions: JSONObject = [:]
        for level in 0..<40 {
            let next: JSONValue = ["items": ["$ref": .string("#/$defs/d\(level + 1)")]]
            definitions["d\(level)"] = ["oneOf": [next, next, next]]
        }
        definitions["d40"] = true
        let schema: JSONValue = ["$ref": "#/$defs/d0", "$defs": .object(definitions)]
        let value = (0..<40).reduce(JSONValue.int(1)) { value, _ in [value] }
        #expect(SchemaDocument(schema).faults(of: value).count == 1)
    }

    @Test func `the list of faults has an end`() {
        let value = JSONValue.array(Array(repeating: 1, count: 10_000))
        let faults = SchemaDocument(["items": ["type": "string"]]).faults(of: value)
        #expect(faults.count == JSONSchema.faultsMax + 1)
    }
}
