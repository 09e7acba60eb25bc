import Orchestration
import Testing

@Suite struct IdentifierTests {
    @Test func `an id is read in either case and printed in lower case`() {
        let text = "0190B8F0-1234-7ABC-8DEF-0123456789AB"
        #expect(SessionID(text)?.description == text.lowercased())
    }

    @Test(arguments: [
        "", "0190b8f0", "0190b8f012347abc8def0123456789ab", "{0190b8f0-1234-7abc-8def-0123456789ab}",
        "0190b8f0-1234-7abc-8def-0123456789ag", "0190b8f0-1234-7abc-8def-0123456789abc",
        "0190b8f01234--7abc-8def-0123456789a",
    ])
    func `what is no hyphenated id is refused`(_ text: String) {
        #expect(SessionID(text) == nil)
    }

    @Test func `the same parts give the same id, and where parts end matters`() {
        #expect(EventID(derivedFrom: "a", "b") == EventID(derivedFrom: "a", "b"))
        #expect(EventID(derivedFrom: "a", "b") != EventID(derivedFrom: "ab", ""))
        let text = EventID(derivedFrom: "a").description
        #expect(Array(text)[14] == "8")
        #expect("89ab".contains(Array(text)[19]))
    }

    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (String(repeating: "a", count: 1_000), "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"),
    ])
    func `SHA-256 gives the standard's digests`(_ text: String, _ digest: String) {
        #expect(SHA256.hexadecimal(of: text.utf8) == digest)
    }

    @Test func `every length around a block's end has its digest, in one piece or byte by byte`() {
        let texts = (0...130).map { String(repeating: "a", count: $0) }
        let digests = texts.map { SHA256.hexadecimal(of: $0.utf8) }
        // By another implementation: the digest of all these digests.
        #expect(
            SHA256.hexadecimal(of: digests.joined().utf8)
                == "5eee4c50e1b5ec4f1a47f34c25ca988850b49da7904f5ab1b3abc5cc0ae66ef9"
        )
        #expect(texts.map { SHA256.hexadecimal(of: AnySequence($0.utf8)) } == digests)
    }

    @Test func `lanes are stable and within bounds`() {
        #expect((0..<1_000).allSatisfy { (0..<OutboxMessage.laneCount).contains(OutboxMessage.lane(of: "\($0)")) })
        #expect(Set((0..<1_000).map { OutboxMessage.lane(of: "key-\($0)") }).count == OutboxMessage.laneCount)
    }
}
