internal import Orchestration

/// A value in PostgreSQL's binary format, both ways.
protocol PostgresValue {
    /// The object id of the type, and of its array.
    static var typeID: UInt32 { get }
    static var arrayTypeID: UInt32 { get }
    func writeBinary(to bytes: inout [UInt8])
    /// Nil when the bytes are no value of the type.
    init?(postgres bytes: UnsafeBufferPointer<UInt8>)
}

func appendBigEndian(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
}

func bigEndianWord(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

extension String: PostgresValue {
    static var typeID: UInt32 { 25 }
    static var arrayTypeID: UInt32 { 1009 }
    func writeBinary(to bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
    init?(postgres bytes: UnsafeBufferPointer<UInt8>) { self.init(validating: bytes, as: UTF8.self) }
}

extension Bool: PostgresValue {
    static var typeID: UInt32 { 16 }
    static var arrayTypeID: UInt32 { 1000 }
    func writeBinary(to bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }
    init?(postgres bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count == 1 else { return nil }
        self = bytes[0] != 0
    }
}

extension Int64: PostgresValue {
    static var typeID: UInt32 { 20 }
    static var arrayTypeID: UInt32 { 1016 }
    func writeBinary(to bytes: inout [UInt8]) { appendBigEndian(self, to: &bytes) }

    /// Reads smallint and integer too.
    init?(postgres bytes: UnsafeBufferPointer<UInt8>) {
        let word = bigEndianWord(bytes.prefix(8))
        switch bytes.count {
        case 2: self = Int64(Int16(truncatingIfNeeded: word))
        case 4: self = Int64(Int32(truncatingIfNeeded: word))
        case 8: self = Int64(bitPattern: word)
        default: return nil
        }
    }
}

extension Int: PostgresValue {
    static var typeID: UInt32 { Int64.typeID }
    static var arrayTypeID: UInt32 { Int64.arrayTypeID }
    func writeBinary(to bytes: inout [UInt8]) { Int64(self).writeBinary(to: &bytes) }
    init?(postgres bytes: UnsafeBufferPointer<UInt8>) {
        guard let value = Int64(postgres: bytes) else { return nil }
        self.init(exactly: value)
    }
}

extension Identifier: PostgresValue {
    static var typeID: UInt32 { 2950 }
    static var arrayTypeID: UInt32 { 2951 }
    func writeBinary(to bytes: inout [UInt8]) {
        appendBigEndian(high, to: &bytes)
        appendBigEndian(low, to: &bytes)
    }
    init?(postgres bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count == 16 else { return nil }
        self.init(high: bigEndianWord(bytes.prefix(8)), low: bigEndianWord(bytes.suffix(8)))
    }
}

extension Instant: PostgresValue {
    static var typeID: UInt32 { 1184 }
    static var arrayTypeID: UInt32 { 1185 }
    /// PostgreSQL counts from 2000-01-01.
    private static var epoch: Interval { Interval(microseconds: 946_684_800_000_000) }

    func writeBinary(to bytes: inout [UInt8]) {
        let start = Instant(microseconds: Self.epoch.microseconds)
        appendBigEndian((self - start).microseconds, to: &bytes)
    }
    init?(postgres bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count == 8, let value = Int64(postgres: bytes) else { return nil }
        self = Instant(microseconds: value) + Self.epoch
    }
}

extension JSONValue: PostgresValue {
    static var typeID: UInt32 { 3802 }
    static var arrayTypeID: UInt32 { 3807 }

    func writeBinary(to bytes: inout [UInt8]) {
        bytes.append(1)  // the version of the binary form
        write(to: &bytes)
    }
    init?(postgres bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.first == 1 else { return nil }
        let text = UnsafeBufferPointer(rebasing: bytes.dropFirst())
        guard let value = try? JSONText.parse(text, limits: .stored) else { return nil }
        self = value
    }
}

/// JSON that somebody else wrote (jsonb): what is beyond our limits is a fault to tell, not a broken database.
struct InsertedJSON: PostgresValue {
    let value: JSONValue
    let fault: String?
    static var typeID: UInt32 { JSONValue.typeID }
    static var arrayTypeID: UInt32 { JSONValue.arrayTypeID }
    func writeBinary(to bytes: inout [UInt8]) { value.writeBinary(to: &bytes) }
    init?(postgres bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.first == 1 else { return nil }
        do throws(JSONFault) {
            value = try JSONText.parse(UnsafeBufferPointer(rebasing: bytes.dropFirst()), limits: .inserted)
            fault = nil
        } catch {
            value = .null
            fault = error.description
        }
    }
}

/// Raw bytes (bytea).
struct RawBytes: PostgresValue {
    let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }
    static var typeID: UInt32 { 17 }
    static var arrayTypeID: UInt32 { 1001 }
    func writeBinary(to target: inout [UInt8]) { target.append(contentsOf: bytes) }
    init?(postgres bytes: UnsafeBufferPointer<UInt8>) { self.bytes = Array(bytes) }
}
