// SPDX-License-Identifier: BSD-2-Clause

import Linux
import Testing

@Suite struct TextSearchTests {
    @Test(
        arguments: [
            ("", "", 0), ("a", "", 0), ("", "a", nil), ("abc", "c", 2), ("abc", "abc", 0), ("abc", "abcd", nil),
            // One that begins like it comes before.
            ("aab", "ab", 1), ("--net --netns", "--netns", 6), ("ababc", "abc", 2), ("éé\u{301}", "e", nil),
            ("日本語", "本", 3),
        ] as [(String, String, Int?)])
    func aTextIsFoundWhereItIsFirst(text: String, part: String, place: Int?) {
        let found = text.firstIndex(ofText: part).map { text.utf8.distance(from: text.startIndex, to: $0) }
        #expect(found == place)
        #expect(text.contains(text: part) == (place != nil))
        #expect("x\(text)"[...].dropFirst().contains(text: part) == (place != nil))
    }
}
