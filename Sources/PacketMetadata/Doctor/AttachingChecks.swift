// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import SystemPackage

/// Whether programs can be attached: tried on the loopback interface of a network namespace made for it, which nobody
/// else is in and which goes away at once.
enum AttachingChecks {
    static func findings(_ programs: ProgramChecks, _ traits: KernelTraits?) -> [Finding] {
        guard programs.missing.isEmpty else {
            return [Finding(.attaching, .unknown, "not tried without \(programs.missingNames)")]
        }
        guard case .success(let consumer) = programs.consumer else {
            return [Finding(.attaching, .unknown, "not tried: the prebuilt programs do not load")]
        }
        guard Capability.missing(of: [.sysAdmin]).isEmpty else { return [asked(traits)] }
        do throws(Errno) {
            let namespace = try NetworkNamespace.create()
            return [try tried(consumer, in: namespace)]
        } catch {
            return [Finding(.attaching, .unknown, "not tried: no network namespace can be made (\(error.name))")]
        }
    }

    // MARK: Without a namespace of one's own

    private static func asked(_ traits: KernelTraits?) -> Finding {
        guard let traits else {
            return Finding(
                .attaching, .unknown, "not tried: that takes CAP_SYS_ADMIN, for a network namespace to try it in")
        }
        guard traits.hasXDPLinks else {
            return Finding(.attaching, .broken, "the kernel has no XDP links", remedy: noLinks)
        }
        guard traits.hasTCXLinks else {
            return Finding(.attaching, .weaker, "\(withoutTCX), which was not tried: that takes CAP_SYS_ADMIN")
        }
        return Finding(.attaching, .ok, "the kernel has XDP and TCX links (not tried: that takes CAP_SYS_ADMIN)")
    }

    private static let noLinks: Finding.Remedy = "XDP links came with Linux 5.9."
    private static let withoutTCX =
        "the kernel has no TCX links (Linux 6.6): filters of a clsact qdisc take their place"

    // MARK: In a namespace

    private static func tried(
        _ consumer: ProgramChecks.Box, in namespace: borrowing NetworkNamespace
    ) throws(Errno) -> Finding {
        do throws(NamespaceError<BPFError>) {
            return try namespace.run { () throws(BPFError) in try tryHere(consumer.program) }
        } catch {
            switch error {
            case .entering(let errno): throw errno
            case .body(let error):
                return Finding(
                    .attaching, .broken,
                    "attaching failed in a namespace made for it: \(error.operation) (\(error.errno.name))",
                    remedy: error.errno == .invalidArgument ? noLinks : nil, isPrivilege: error.errno == .notPermitted)
            }
        }
    }

    /// In a new network namespace, lo is the only interface.
    private static let loopback: UInt32 = 1

    private static func tryHere(_ consumer: borrowing BPFProgram) throws(BPFError) -> Finding {
        let prebuilt = PrebuiltObject.probe
        let probe = try prebuilt.bytes.open().load(only: prebuilt.name)
        _ = try BPFLink.xdp(probe, ifindex: loopback, mode: .generic)
        if try TCXPrograms.query(ifindex: loopback, .ingress) != nil {
            _ = try BPFLink.tcx(consumer, ifindex: loopback, .ingress, at: .last)
            return Finding(.attaching, .ok, "XDP and TCX links work")
        }
        _ = try ClsactQdisc.create(ifindex: loopback)
        _ = try TCFilter.attach(consumer, ifindex: loopback, .ingress)
        return Finding(.attaching, .weaker, withoutTCX, remedy: "A filter can be removed by anyone who may use tc.")
    }
}
