// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import PacketMetadata

/// What packets' network namespaces are called.
@Suite struct NamespaceNamesTests {
    @Test func aNumberThatIsUsedAgainIsAnotherNamespaces() {
        var name: String? = "blue"
        var asked = 0
        var names = NamespaceNames { _ in
            asked += 1
            return name
        }
        #expect(names.label(4_026_532_500, cookie: 7) == .named("blue"))
        name = nil
        // As packets of it that are told of later.
        #expect(names.label(4_026_532_500, cookie: 7) == .named("blue"))
        #expect(names.label(4_026_532_500, cookie: 8) == .inode(4_026_532_500))
        name = "green"
        #expect(names.label(4_026_532_500, cookie: 9) == .named("green"))
        #expect(asked == 3)
    }
}
