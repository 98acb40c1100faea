// SPDX-License-Identifier: BSD-2-Clause

import Linux
import Testing

/// What a process has left is told from what another has, of whatever PID namespace.
@Suite struct ProcessTagTests {
    @Test func onlyWhatADeadProcessOfThisNamespaceHasMadeIsAbandoned() {
        #expect(!ProcessTag.isAbandoned("pktmeta-trial-1-\(ProcessTag.current)"))
        #expect(!ProcessTag.isAbandoned("pktmeta-trial-1-1"))
        // No process has so large an id (PID_MAX_LIMIT of linux/threads.h).
        let dead = 1 << 30
        let own = ProcessTag.current.replacing("\(ProcessID.current)", with: "\(dead)")
        #expect(ProcessTag.isAbandoned("pktmeta-trial-1-\(own)"))
        #expect(!ProcessTag.isAbandoned("pktmeta-trial-1-ns4026532999-\(dead)"))
        for name in ["pktmeta-trial-", "pktmeta-trial-x", "pktmeta", ""] { #expect(!ProcessTag.isAbandoned(name)) }
    }
}
