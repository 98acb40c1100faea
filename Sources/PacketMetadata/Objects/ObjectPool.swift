// SPDX-License-Identifier: BSD-2-Clause

/// Keeps bytes of objects, the same ones once: each of many attachments has those of its object, and most have the same.
final class ObjectPool {
    private var kept: [Int: [ObjectBytes]] = [:]

    /// The same bytes, where they were kept first.
    func keep(_ bytes: ObjectBytes) -> ObjectBytes {
        let like = kept[bytes.count, default: []]
        if let same = like.first(where: { $0 == bytes }) { return same }
        kept[bytes.count] = like + [bytes]
        return bytes
    }
}
