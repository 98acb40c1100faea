// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import PktmetaCommands

/// Commands in remedies work as they are printed.
@Suite struct RemedyTests {
    static let here = ["attach-to-interface", "eth0", "--netns", "blue", "--registry", "/sys/fs/bpf/my own"]

    @Test(arguments: [
        (
            "A link keeps its mode: pktmeta detach-from-interface eth0 --xdp first.",
            "A link keeps its mode: pktmeta detach-from-interface --netns blue --registry '/sys/fs/bpf/my own' eth0 --xdp first."
        ),
        (
            "pktmeta compact closes holes; pktmeta inspect-map registry shows who has space.",
            "pktmeta compact --registry '/sys/fs/bpf/my own' closes holes; "
                + "pktmeta inspect-map --registry '/sys/fs/bpf/my own' registry shows who has space."
        ),
        (
            "pktmeta detach-from-interface eth0 --xdp --registry /sys/fs/bpf/other detaches it.",
            "pktmeta detach-from-interface --netns blue eth0 --xdp --registry /sys/fs/bpf/other detaches it."
        ),
        ("ip link set dev eth0 up", "nsenter --net=/run/netns/blue ip link set dev eth0 up"),
        (
            "where the peer is: ip link set dev PEER mtu 3506", "where the peer is: ip link set dev PEER mtu 3506"
        ),
        ("Use the pktmeta that made it.", "Use the pktmeta that made it."),
        ("others need no pktmeta to be attached.", "others need no pktmeta to be attached."),
    ])
    func commandsAreCompleted(remedy: String, completed: String) {
        #expect(RemedyCommands(arguments: Self.here).completed(remedy) == completed)
        #expect(RemedyCommands(arguments: ["attach-to-interface", "eth0"]).completed(remedy) == remedy)
    }

    @Test func optionsAreFoundHoweverTheyAreWritten() {
        let commands = RemedyCommands(arguments: ["doctor", "--registry=/a", "--netns=7"])
        #expect(commands.completed("pktmeta doctor") == "pktmeta doctor --netns 7 --registry /a")
        #expect(RemedyCommands(arguments: ["doctor", "--registry"]).completed("pktmeta doctor") == "pktmeta doctor")
    }
}
