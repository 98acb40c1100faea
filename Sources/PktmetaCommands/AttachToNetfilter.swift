// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

struct AttachToNetfilter: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach-to-netfilter",
        abstract: "Attach a program that gets fields to netfilter, to accept or drop packets by them (Linux 6.4).",
        discussion: """
            The program is SEC("netfilter"), reads fields by <pktmeta/skb.bpf.h>, and returns 1 to let a packet on or 0 to \
            drop it. It runs in one network namespace, among the chains of nftables and iptables and all else that has hooked \
            itself in there, by its priority. The kernel takes a BPF program only at a priority that nothing else has, \
            nftables' chains included. So the default is one that hardly anything else has, behind the chains that filter (0): \
            it gets the packets that these let on. One of this registry's is replaced, others are never touched. To have \
            several programs, give them different priorities.

            The links are pinned and outlive this command, and keep the network namespace alive. The kernel cannot put \
            another program into such a link: where a program is replaced, also because the registry changed, both run for a \
            moment, and the new one twice, but no packet passes unseen. What a program counts may then be counted twice.
            """)

    @Argument(
        help: ArgumentHelp("The program: an object that includes <pktmeta/skb.bpf.h>.", valueName: "object[:program]"),
        completion: .objects)
    var object: ObjectArgument

    @OptionGroup var place: NetfilterPlaceOptions

    @Option(
        name: .long, parsing: .unconditional,
        help: ArgumentHelp(
            "When the program runs, lower ones first: a number, or as in nft raw (-300), mangle (-150), dstnat (-100), "
                + "filter (0), security (50), srcnat (100), also with a distance as in filter+10.",
            valueName: "priority"))
    var priority = PriorityArgument.usual

    @Flag(help: "Have fragments of IP packets put together before the program gets them (Linux 6.6).")
    var defragment = false

    @Flag(help: "Register fields that the object declares by PKTMETA_FIELD or PKTMETA_FLAG and that are missing.")
    var registerMissing = false

    @OptionGroup var options: AttachingOptions

    var isJSON: Bool { options.output.isJSON }
    var showsVerifierLog: Bool? { options.verbose }

    func validate() throws {
        if place.hook.isEmpty { throw ValidationError("Name the hook by --hook, such as --hook input.") }
    }

    func run(in context: Context) throws(PacketMetadataError) {
        let request = AttachmentRequest(
            [.netfilter: [object.choice]], mode: defragment ? .defragmenting : .link, registersMissing: registerMissing)
        let attaching = AttachingRun(request: request, options: options, context: context)
        let places = place.hooks(priority.priority.number)
        let reports = try place.run(.attach(to: places.map(\.description))) { () throws(PacketMetadataError) in
            try Registry.checkNetfilter(places)
            return try attaching { (registry, _) throws(PacketMetadataError) in
                try registry.orTakenBack(note: context.note) { () throws(PacketMetadataError) in
                    try registry.attach(request, to: places)
                }
            }
        }
        if let reports { context.show(reports, isJSON: isJSON) }
    }
}

/// Hooks of netfilter in a network namespace.
struct NetfilterPlaceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where in a packet's way; can be repeated.", valueName: "hook"))
    var hook: [WordArgument<NetfilterHook.Stage>] = []

    @Option(help: "Of whose packets; inet: of both, since what filters one family only lets the other one pass.")
    var family = WordArgument(NetfilterFamilies.inet)

    @Option(
        name: .customLong("netns"),
        help: ArgumentHelp(
            "The network namespace: a name (ip netns), a process id or a path.", valueName: "namespace"),
        completion: .namespaces)
    var namespace: String?

    /// Runs something in the namespace asked for, or where we are.
    func run<Value>(
        _ action: Action, _ body: () throws(PacketMetadataError) -> Value
    ) throws(PacketMetadataError) -> Value {
        try doing(action) { () throws(PacketMetadataError) in try NetworkNamespace.run(in: namespace, body) }
    }

    /// Each hook of each family.
    func hooks(_ priority: Int32) -> [NetfilterHook] {
        var hooks: [NetfilterHook] = []
        for stage in hook.map(\.value) {
            for family in family.value.families {
                let one = NetfilterHook(family, stage, priority: priority)
                if !hooks.contains(one) { hooks.append(one) }
            }
        }
        return hooks
    }
}
