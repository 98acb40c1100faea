// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

struct AttachToCgroup: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach-to-cgroup",
        abstract: "Attach programs that get fields to cgroups, or have applications there get them by their sockets.",
        discussion: """
            The programs are SEC("cgroup_skb/ingress") and SEC("cgroup_skb/egress"), read fields by <pktmeta/skb.bpf.h>, and \
            return 1 to let a packet on or 0 to drop it. They get the packets of all sockets of a cgroup and of those below. \
            Several run one after the other, with those of the cgroups above, and a packet passes if all let it.

            The links are pinned and outlive this command. Attaching again replaces what this registry has attached, without \
            a gap, or with --join adds to it. When a cgroup is removed, the kernel detaches what it had.

            With --sockets, prebuilt programs answer applications of the cgroup that ask for fields of what they receive, by \
            <pktmeta/socket.h> or its likes: without BPF, and without a privilege. Ways to ask are

            next    of what the next read returns
            batch   of each of the next datagrams
            at      of a datagram by its timestamp, for several threads on one socket: the lowest bits of the timestamps \
            are rewritten
            bytes   of the next bytes of TCP, also where the kernel has merged packets
            mark    a field as the mark of packets (SO_RCVMARK), of sockets that ask for it

            Each call of getsockopt() in the cgroup then runs a program, and takes about twice the time; with at, bytes or \
            mark, so do each call of setsockopt() and each packet to a socket there. Before they are attached, the programs \
            are tried on packets of their own, in a network namespace and a cgroup that go again.

            A systemd unit has a new cgroup with each start. ExecStartPre=+pktmeta attach-to-cgroup --unit %n --sockets next, \
            with pktmeta's path, in a drop-in of the unit, attaches as it starts.
            """)

    @OptionGroup var cgroups: CgroupArguments

    @Option(
        help: ArgumentHelp(
            "Program for packets to the sockets; can be repeated.", valueName: "object[:program]"), completion: .objects
    )
    var ingress: [ObjectArgument] = []

    @Option(
        help: ArgumentHelp(
            "Program for packets from the sockets: likewise.", valueName: "object[:program]"), completion: .objects)
    var egress: [ObjectArgument] = []

    @Option(
        help: ArgumentHelp(
            "Answer applications that ask by their sockets, in these ways: \(SocketWays.all.names.joined(separator: ", ")), "
                + "with commas between them, or all.", valueName: "way,..."))
    var sockets: SocketWaysArgument?

    @Flag(help: "Attach beside what this registry has attached, instead of in its place.")
    var join = false

    @Flag(
        help:
            "Take the root cgroup too: each packet to or from any socket of the host, or each call, then runs the program."
    )
    var rootCgroup = false

    @Flag(help: "Register fields that the objects declare by PKTMETA_FIELD or PKTMETA_FLAG and that are missing.")
    var registerMissing = false

    @OptionGroup var options: AttachingOptions

    var isJSON: Bool { options.output.isJSON }
    var showsVerifierLog: Bool? { options.verbose }

    func validate() throws {
        if ingress.isEmpty, egress.isEmpty, sockets == nil {
            throw ValidationError("Name a program, by --ingress or --egress, or ways to ask, by --sockets.")
        }
        if sockets != nil, join { throw ValidationError("--join is for --ingress and --egress.") }
    }

    func run(in context: Context) throws(PacketMetadataError) {
        var programs = sockets?.ways.programs ?? [:]
        if !ingress.isEmpty { programs[.cgroupIngress] = ingress.map(\.choice) }
        if !egress.isEmpty { programs[.cgroupEgress] = egress.map(\.choice) }
        let request = AttachmentRequest(programs, joins: join, registersMissing: registerMissing)
        let attaching = AttachingRun(request: request, options: options, context: context)
        var outcome = SocketTrial.Outcome.right
        let reports = try doing(.attach(to: cgroups.names)) { () throws(PacketMetadataError) in
            let paths = try cgroups.paths()
            for path in paths { try Registry.checkCgroup(path, for: request, takesRoot: rootCgroup) }
            if let sockets, let path = paths.first { outcome = try trial(sockets.ways, path, context).run() }
            return try attaching { (registry, _) throws(PacketMetadataError) in
                try registry.orTakenBack(note: context.note) { () throws(PacketMetadataError) in
                    try registry.attach(request, to: paths, takesRoot: rootCgroup)
                }
            }
        }
        if case .notTried(let obstacle) = outcome {
            context.note("the programs were not tried before they were attached: \(obstacle.words)")
        }
        if let reports { context.show(reports, isJSON: isJSON) }
    }

    /// The kernel has one version of what the programs read, so that one cgroup stands for all.
    private func trial(_ ways: SocketWays, _ cgroup: FilePath, _ context: Context) -> SocketTrial {
        SocketTrial(ways, registry: options.registry.path(in: context), cgroup: cgroup)
    }
}
