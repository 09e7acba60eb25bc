/// SHA-256 (FIPS 180-4).
///
/// Ours because the ground floor imports nothing, and because ids and content hashes must be the same on every
/// machine and for ever. Checked against the standard's own vectors.
package struct SHA256 {
    private var state: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    /// What of the message is not hashed yet: less than a block.
    private var pending: [UInt8] = []
    private var length: UInt64 = 0

    private static let blockBytes = 64
    private static let roundsMax = 64

    package init() { pending.reserveCapacity(Self.blockBytes) }

    /// The digest of `bytes` as 64 lower-case hexadecimal digits.
    package static func hexadecimal(of bytes: some Sequence<UInt8>) -> String {
        var hash = SHA256()
        hash.update(bytes)
        let digits = Array("0123456789abcdef")
        return String(hash.finish().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    package mutating func update(_ bytes: some Sequence<UInt8>) {
        if bytes.withContiguousStorageIfAvailable({ take($0[...]) }) == nil {
            Array(bytes).withUnsafeBufferPointer { take($0[...]) }
        }
    }

    private mutating func take(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) {
        length += UInt64(bytes.count)
        var rest = bytes
        while !rest.isEmpty {
            let fitting = rest.prefix(Self.blockBytes - pending.count)
            pending.append(contentsOf: fitting)
            rest = rest.dropFirst(fitting.count)
            if pending.count == Self.blockBytes { compress() }
        }
    }

    /// The 32 bytes of the digest. The value must not be used afterwards.
    package mutating func finish() -> [UInt8] {
        let bits = length * 8
        update(CollectionOfOne(0x80))
        let lengthBytes = MemoryLayout.size(ofValue: bits)
        let room = 2 * Self.blockBytes - lengthBytes - pending.count
        update(repeatElement(0, count: room % Self.blockBytes))
        withUnsafeBytes(of: bits.bigEndian) { update($0) }
        var digest: [UInt8] = []
        for word in state { withUnsafeBytes(of: word.bigEndian) { digest.append(contentsOf: $0) } }
        return digest
    }

    private mutating func compress() {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.roundsMax) { words in
            Self.constants.withUnsafeBufferPointer { constants in
                pending.withUnsafeBytes { Self.schedule($0, in: words) }
                mix(words, constants)
            }
        }
        pending.removeAll(keepingCapacity: true)
    }

    private static func rotate(_ value: UInt32, _ count: UInt32) -> UInt32 { value >> count | value << (32 - count) }

    private static func schedule(_ block: UnsafeRawBufferPointer, in words: UnsafeMutableBufferPointer<UInt32>) {
        for index in 0..<16 {
            words[index] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
        }
        for index in 16..<roundsMax {
            let early = words[index - 15]
            let late = words[index - 2]
            let small = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3
            let large = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10
            words[index] = words[index - 16] &+ small &+ words[index - 7] &+ large
        }
    }

    private mutating func mix(_ words: UnsafeMutableBufferPointer<UInt32>, _ constants: UnsafeBufferPointer<UInt32>) {
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for index in 0..<Self.roundsMax {
            let first =
                h &+ (Self.rotate(e, 6) ^ Self.rotate(e, 11) ^ Self.rotate(e, 25)) &+ (e & f ^ ~e & g)
                &+ constants[index] &+ words[index]
            let second = (Self.rotate(a, 2) ^ Self.rotate(a, 13) ^ Self.rotate(a, 22)) &+ (a & b ^ a & c ^ b & c)
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
        }
        for (index, value) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= value }
    }

    private static let constants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]
}
