// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

/// What --netns takes a word for.
@Suite(Kernel.required) struct NamespaceNameTests {
    /// A name that is also a process's number is the name, as it is to ip(8).
    @Test func aNameComesBeforeAProcess() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let script = """
                mount -t tmpfs tmpfs /run
                sleep 30 &
                quietly ip netns add $!
                quietly ip -n $! link add named type veth peer name other
                quietly ip link add process type veth peer name other
                try attach-to-interface named --netns $!
                try attach-to-interface process --netns $!
                quietly ip netns del $!
                try attach-to-interface process --netns $!
                kill $!
                """
            let world = ["--mount", "--propagation", "private", "--net"]
            let lines = try OddWorldTests.run(script, registry: scratch.path.string, sharing: world)
            #expect(lines == ["attach-to-interface 0", "attach-to-interface 66", "attach-to-interface 0"])
        }
    }
}
