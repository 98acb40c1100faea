// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import Testing

@testable import BPF
@testable import PacketMetadata
@testable import PktmetaCommands
@testable import RegistryModel

/// What is said of what the kernel refuses, also of what no test can have it refuse.
@Suite struct KernelWordsTests {
    private static let failure = KernelFailure(operation: "load p", said: nil, errno: .notPermitted)

    private static func verifier(_ log: String, missing: [Capability] = []) -> KernelRefusal {
        .refusedByVerifier(VerifierRefusal(VerifierLog(text: log, program: "p") { _ in nil }, missing: missing))
    }

    @Test func errnos() {
        let plain = KernelRefusal(.ioError, doing: "lock x")
        #expect(plain.kind == .system && plain.code == "kernel-failure")
        #expect(plain.reason == "lock x: \(Errno.ioError) (EIO)")
        #expect(plain.remedy == nil && plain.remedy(beside: "Try again.") == "Try again.")
        let said = KernelRefusal(BPFError("load p", .invalidArgument, messages: ["prog 'p': bad"]))
        #expect(said.reason == "load p (prog 'p': bad): \(Errno.invalidArgument) (EINVAL)")
    }

    /// libbpf talks of a limit that this kernel has not, whenever it gets EPERM.
    @Test func whatLibbpfGuessesIsNotSaid() {
        let guess = "permission error while running as root; try raising 'ulimit -l'? current value: 8.0 MiB"
        let other = "Couldn't load trivial BPF program. Make sure that RLIMIT_MEMLOCK is set to big enough value."
        for messages in [[guess], [other, "failed to load object 'p'"]] {
            let refusal = KernelRefusal(BPFError("load p", .notPermitted, messages: messages))
            #expect(refusal.reason == "load p: \(Errno.notPermitted) (EPERM)")
            if !SystemNames.this.isBefore(5, 11) { #expect(refusal.remedy == nil) }
        }
        let both = KernelRefusal(BPFError("load p", .notPermitted, messages: ["prog 'p': bad", guess]))
        #expect(both.reason == "load p (prog 'p': bad): \(Errno.notPermitted) (EPERM)")
        let releases = ["5.10.0-9-amd64": true, "4.19.300": true, "5.11.0": false, "6.1": false, "7.3.0-rc1": false]
        for (release, isOld) in releases {
            #expect(SystemNames(release: release, machine: "x86_64").isBefore(5, 11) == isOld, "\(release)")
        }
    }

    @Test func privileges() {
        let reason = "load p: \(Errno.notPermitted) (EPERM)"
        let missing = KernelRefusal.missingCapabilities(["CAP_BPF", "CAP_PERFMON"], Self.failure)
        #expect(missing.kind == .missingPrivilege)
        #expect(
            missing.reason == "\(reason); this process lacks CAP_BPF, CAP_PERFMON (which access by id takes)")
        #expect(missing.remedy == "Run it as root, or with these capabilities.")
        #expect(missing.remedy(beside: "Ask.") == "Run it as root, or with these capabilities. Ask.")
        let outside = KernelRefusal.userNamespace(Self.failure)
        #expect(outside.reason == "\(reason); \(KernelRefusal.userNamespaceReason)")
        #expect(outside.remedy(beside: "Ask.") == KernelRefusal.userNamespaceRemedy)
        let memory = KernelRefusal.memoryLimit(Self.failure)
        #expect(memory.kind == .missingPrivilege && memory.reason == reason)
        #expect(memory.remedy?.hasPrefix("Kernels before 5.11 limit the memory of BPF") == true)
    }

    @Test func objects() {
        func refusal(_ message: String) -> KernelRefusal {
            KernelRefusal(BPFError("load p", .invalidArgument, messages: [message]))
        }
        #expect(refusal("extern (func ksym) 'f': not found in kernel or module BTFs").kind == .unsupported)
        #expect(refusal("extern (func ksym) 'f': not found in kernel or module BTFs").code == "unresolved-symbol")
        #expect(refusal("prog 'p': relo #1: bad").kind == .badData)
        #expect(refusal("prog 'p': relo #1: bad").code == "bad-relocation")
    }

    @Test func verifierLogs() {
        let bad = Self.verifier("invalid mem access")
        #expect(bad.kind == .badData && bad.details == "invalid mem access" && bad.remedy == nil)
        #expect(bad.reason == "the verifier refused program p: invalid mem access")
        let weak = Self.verifier("invalid mem access", missing: [.perfmon])
        #expect(weak.kind == .badData && weak.remedy?.hasPrefix("Without CAP_PERFMON the verifier") == true)
        let prohibited = Self.verifier("R2 pointer arithmetic prohibited", missing: [.perfmon])
        #expect(prohibited.kind == .missingPrivilege)
        #expect(prohibited.reason.hasSuffix("; it allows this only with CAP_PERFMON"))
        let helper = Self.verifier("cannot call GPL-restricted function from non-GPL compatible program")
        #expect(helper.remedy?.hasSuffix("\"Dual BSD/GPL\";") == true)
        let function = Self.verifier("cannot call kernel function from non-GPL compatible program")
        #expect(function.remedy?.contains("#define PKTMETA_STORES_AT_TC") == true)
    }

    /// What helps comes with what kept a registry from being opened or made.
    @Test func aRefusalAroundAnother() {
        let kernel = KernelRefusal(.permissionDenied, doing: "open /r")
        let refusals: [(RegistryRefusal, String)] = [
            (.pinNotOpened(kernel, isToChange: true), "That is for the registry's owner, or root."),
            (
                .pinNotOpened(kernel, isToChange: false),
                "Its owner, or root, opens it to readers of a group: pktmeta create-registry --group GROUP."
            ),
            (.accessNotSet(kernel), "Their owner may, for groups that it is a member of; so may root."),
        ]
        for (refusal, remedy) in refusals {
            #expect(refusal.kind == .missingPrivilege && refusal.reason == kernel.reason)
            #expect(refusal.remedy == remedy)
        }
    }
}
