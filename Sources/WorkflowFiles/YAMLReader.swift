internal import CYaml
package import Orchestration

/// Reads one YAML 1.2 document (JSON is one, too) into an ordered tree with places.
package enum YAMLReader {
    package static func read(_ source: String, file: String) throws(WorkflowFinding) -> DocumentNode {
        // libyaml, told that the text is UTF-8, takes a byte order mark for a character of it.
        let text =
            source.unicodeScalars.first == "\u{FEFF}" ? source.unicodeScalars.dropFirst() : source.unicodeScalars[...]
        let bytes = JSONEscapes.translated(Array(String(text).utf8))
        guard bytes.count <= YAMLLimits.bytesMax else {
            throw finding(
                "too-large",
                "the file has \(bytes.count) bytes; at most \(YAMLLimits.bytesMax) are read",
                file,
                SourcePlace(line: 1, column: 1)
            )
        }
        let result = bytes.withUnsafeBufferPointer { buffer -> Result<DocumentNode, WorkflowFinding> in
            guard let events = YAMLEvents(buffer, file: file) else {
                return .failure(finding("yaml", "the file could not be read: no memory", file, .unknown))
            }
            var composer = YAMLComposer(events: events, file: file)
            do throws(WorkflowFinding) {
                return .success(try composer.document())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    static func finding(
        _ rule: String,
        _ message: String,
        _ file: String,
        _ place: SourcePlace,
        hint: String? = nil
    ) -> WorkflowFinding {
        WorkflowFinding(severity: .error, rule: rule, message: message, hint: hint, file: file, place: place)
    }
}

/// What libyaml's parser reports, as values.
enum YAMLEvent {
    case begin
    case documentStart
    case documentEnd
    case end
    case alias(String)
    case scalar(text: String, isPlain: Bool, anchor: String?, tag: String?)
    case sequenceStart(anchor: String?, tag: String?)
    case sequenceEnd
    case mappingStart(anchor: String?, tag: String?)
    case mappingEnd
}

/// libyaml's event parser over a buffer that outlives it.
final class YAMLEvents {
    // On the heap, because libyaml keeps the parser's own address in it.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let file: String
    private let buffer: UnsafeBufferPointer<UInt8>

    init?(_ buffer: UnsafeBufferPointer<UInt8>, file: String) {
        self.file = file
        self.buffer = buffer
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            return nil
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, buffer.baseAddress, buffer.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    func next() throws(WorkflowFinding) -> (event: YAMLEvent, place: SourcePlace) {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw problem() }
        defer { yaml_event_delete(&event) }
        let place = Self.place(event.start_mark)
        switch event.type {
        case YAML_STREAM_START_EVENT: return (.begin, place)
        case YAML_DOCUMENT_START_EVENT: return (.documentStart, place)
        case YAML_DOCUMENT_END_EVENT: return (.documentEnd, place)
        case YAML_ALIAS_EVENT: return (.alias(Self.text(event.data.alias.anchor) ?? ""), place)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let text = String(decoding: bytes, as: UTF8.self)
            guard !text.utf8.contains(0) else {
                throw YAMLReader.finding("yaml", "a text with the character NUL cannot be kept", file, place)
            }
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            return (
                .scalar(text: text, isPlain: isPlain, anchor: Self.text(scalar.anchor), tag: Self.text(scalar.tag)),
                place
            )
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return (.sequenceStart(anchor: Self.text(start.anchor), tag: Self.text(start.tag)), place)
        case YAML_SEQUENCE_END_EVENT: return (.sequenceEnd, place)
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return (.mappingStart(anchor: Self.text(start.anchor), tag: Self.text(start.tag)), place)
        case YAML_MAPPING_END_EVENT: return (.mappingEnd, place)
        default: return (.end, place)
        }
    }

    private func problem() -> WorkflowFinding {
        let fault = parser.pointee
        var message = fault.problem.map { String(cString: $0) } ?? "the file is not YAML"
        if let context = fault.context.map({ String(cString: $0) }) { message += ", " + context }
        // A reader error (a control character) has an offset and no mark of its own.
        let place =
            fault.error == YAML_READER_ERROR ? place(offset: fault.problem_offset) : Self.place(fault.problem_mark)
        var finding = YAMLReader.finding("yaml", "not readable as YAML: \(message)", file, place)
        finding.hint = Self.hints.first { message.hasPrefix($0.problem) }?.hint
        return finding
    }

    /// What mostly is behind libyaml's words.
    private static let hints = [
        (
            problem: "found character that cannot start any token",
            hint: "lines are indented with spaces, never tabs; a text that begins with a sign goes into quotes"
        ),
        (problem: "found a tab character", hint: "lines are indented with spaces, never tabs"),
        (
            problem: "did not find expected key",
            hint: "lines of one level begin in one column, and a quote that is opened is closed"
        ),
        (problem: "did not find expected ','", hint: "a bracket or brace is not closed before this place"),
        (problem: "mapping values are not allowed", hint: "a text with a colon and a space goes into quotes"),
    ]

    private func place(offset: Int) -> SourcePlace {
        let before = buffer.prefix(max(0, offset))
        let line = before.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).last ?? before
        let lines = before.count { $0 == UInt8(ascii: "\n") }
        return SourcePlace(line: lines + 1, column: String(decoding: line, as: UTF8.self).unicodeScalars.count + 1)
    }

    private static func place(_ mark: yaml_mark_t) -> SourcePlace {
        SourcePlace(line: Int(clamping: mark.line) &+ 1, column: Int(clamping: mark.column) &+ 1)
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }
}
