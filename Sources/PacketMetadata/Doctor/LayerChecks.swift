// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// Where fields can be got beside an interface's hooks: netfilter, cgroups, sockets, the kernel's own functions, and AF_XDP.
/// What is not there keeps no packet from carrying fields.
struct LayerChecks {
    private let image: RegistryImage
    private let missing = Capability.missing(of: [.bpf, .netAdmin, .perfmon])

    /// - Parameter image: the registry, whose fields the programs are to get; nil if there is none.
    init(_ image: RegistryImage?) { self.image = image ?? ProgramChecks.sample }

    var findings: [Finding] {
        let names = missing.map(\.description).joined(separator: ", ")
        guard missing.isEmpty else {
            return [.netfilter, .cgroups, .steering, .sockets, .tracing].map { (check: Finding.Check) in
                Finding(check, .unknown, "not tried without \(names)")
            } + [xdpSockets]
        }
        return [netfilter, cgroups, steering, sockets, tracing, xdpSockets]
    }

    private func weaker(_ check: Finding.Check, _ text: String, _ error: BPFError) -> Finding {
        Finding(
            check, .weaker, "\(text): \(error.operation) (\(error.errno.name))",
            isPrivilege: error.errno == .notPermitted)
    }

    // MARK: Netfilter

    private var netfilter: Finding {
        let program: BPFProgram
        do throws(BPFError) {
            program = try PassingProgram.netfilter.load()
        } catch {
            guard error.errno == .invalidArgument else { return weaker(.netfilter, "no field is got there", error) }
            return Finding(
                .netfilter, .weaker, "the kernel has no netfilter programs",
                remedy: "They came with Linux 6.4, and take CONFIG_NETFILTER_BPF_LINK.")
        }
        guard Capability.missing(of: [.sysAdmin]).isEmpty else {
            return Finding(.netfilter, .ok, "the kernel has netfilter programs (not tried: that takes CAP_SYS_ADMIN)")
        }
        do throws(Errno) {
            let namespace = try NetworkNamespace.create()
            return try attached(program, in: namespace)
        } catch {
            return Finding(.netfilter, .unknown, "not tried: no network namespace can be made (\(error.name))")
        }
    }

    private func attached(
        _ program: borrowing BPFProgram, in namespace: borrowing NetworkNamespace
    ) throws(Errno) -> Finding {
        let place = NetfilterHook(.ipv4, .input, priority: 0)
        do throws(NamespaceError<BPFError>) {
            try namespace.run { () throws(BPFError) in
                _ = try BPFLink.netfilter(program, at: place.position(.link))
            }
            return Finding(.netfilter, .ok, "netfilter takes programs")
        } catch {
            switch error {
            case .entering(let errno): throw errno
            case .body(let error): return weaker(.netfilter, "in a namespace made for it", error)
            }
        }
    }

    // MARK: Cgroups

    /// A cgroup made to try it would be seen by all that look after cgroups, so that none is.
    private var cgroups: Finding {
        // This process's own come first.
        guard let mount = MountPoint.ofCgroups.first else {
            return Finding(
                .cgroups, .weaker, "no file system of cgroups of version 2 is mounted here",
                remedy: "As root: mount -t cgroup2 none FOLDER")
        }
        do throws(BPFError) {
            _ = try PassingProgram.cgroup(.ingress).load()
            let group: ControlGroup?
            do throws(Errno) {
                group = try ControlGroup(path: mount.path)
            } catch {
                return Finding(.cgroups, .unknown, "\(mount.path): \(error.name)")
            }
            if let group { _ = try CgroupPrograms.query(group, .ingress) }
            let hidden = mount.isOuter ? "; this mount namespace, as ip netns exec makes one, hides them" : ""
            return Finding(.cgroups, .ok, "the cgroups of \(mount.path) take programs (asked, not tried)\(hidden)")
        } catch {
            return weaker(.cgroups, "no field is got at cgroups", error)
        }
    }

    // MARK: Sockets

    private var steering: Finding {
        do throws(BPFError) {
            _ = try PrebuiltObject.steer.tried(for: image)
            return Finding(.steering, .ok, "the program that picks an application's socket by a field loads")
        } catch {
            return weaker(.steering, "no field picks an application's socket", error)
        }
    }

    /// Whether the answers are right is tried as the programs are attached, with a cgroup.
    private var sockets: Finding {
        let settings: [UInt8]
        do throws(PacketMetadataError) {
            settings = try SocketSettings(ways: .next, capacity: image.word.capacity).encoded()
        } catch {
            return Finding(
                .sockets, .weaker, .refusal(error), isPrivilege: error.kind == .missingPrivilege)
        }
        do throws(BPFError) {
            _ = try PrebuiltObject.sockets.tried(
                "sockets_get", for: image, constants: [SocketSettings.variable: settings])
            return Finding(.sockets, .ok, "the program that answers applications' sockets loads")
        } catch {
            return weaker(.sockets, "no application is answered by its socket", error)
        }
    }

    private var xdpSockets: Finding {
        do throws(Errno) {
            try XDPSocket.tryOut()
            return Finding(.xdpSockets, .ok, "AF_XDP sockets can be made")
        } catch {
            switch error {
            case .addressFamilyNotSupported:
                return Finding(
                    .xdpSockets, .weaker, "the kernel has no AF_XDP sockets", remedy: "They take CONFIG_XDP_SOCKETS.")
            case .notPermitted:
                return Finding(.xdpSockets, .unknown, "not tried: AF_XDP sockets take CAP_NET_RAW")
            default: return Finding(.xdpSockets, .unknown, "AF_XDP sockets: \(error.name)")
            }
        }
    }

    // MARK: The kernel's functions

    /// What reading a packet there takes of the kernel, the program that steers shows.
    private var tracing: Finding {
        do throws(BPFError) {
            _ = try BPFLink.rawTracepoint(PassingProgram.tracepoint.load(), named: "netif_receive_skb")
        } catch {
            return weaker(.tracing, "no packet can be followed through the kernel", error)
        }
        do throws(BPFError) {
            _ = try BPFLink.function(PassingProgram.function.load(), named: "ip_rcv", cookie: 0)
            return Finding(.tracing, .ok, "packets can be followed at tracepoints and functions of the kernel")
        } catch {
            return Finding(
                .tracing, .weaker,
                "packets can be followed at tracepoints only, not at the kernel's functions: \(error.operation) "
                    + "(\(error.errno.name))",
                remedy: "Functions take Linux 5.18 with CONFIG_FPROBE.")
        }
    }
}
