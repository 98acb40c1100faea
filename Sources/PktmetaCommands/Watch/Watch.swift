// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import PacketMetadata
internal import RegistryModel

struct Watch: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show packets as they pass, a line each, with the fields that they carry.",
        discussion: """
            Sees packets at TC ingress, after XDP, or with --egress those that leave, and only reads: no other program \
            sees anything different, and nobody's counts move. It runs before the programs that are there, since one that \
            drops a packet hides it from those behind; with --last it also sees what they set. All filters have to hold; a \
            BPF program decides, so packets that do not match cost no event. Packets that carry no field are left out \
            unless --all-packets says otherwise.

            What the buffer has no room for is dropped, counted and told. Ends on Ctrl-C, or by --count or --duration. \
            With --json, a document a line.
            """)

    @OptionGroup var interfaces: InterfaceOptions
    @OptionGroup var filter: FilterOptions

    @Option(
        help: ArgumentHelp("Show these fields only; all if not given.", valueName: "names"), completion: .listsOfFields)
    var fields: FieldNames?

    @Option(
        help: ArgumentHelp(
            "Show one in so many of the packets that match on a CPU, beginning with the first.", valueName: "number"))
    var sample = 1

    @Option(help: ArgumentHelp("End after so many packets.", valueName: "packets"))
    var count: Int?

    @Option(help: ArgumentHelp("End after that time, such as 0.5; 0: at once.", valueName: "seconds"))
    var duration: WritingOptions.Seconds?

    @Option(
        help: ArgumentHelp(
            "Bytes of packets that may wait to be shown: a power of two, also 64K or 8M.", valueName: "size"))
    var buffer = ByteCount(4 << 20)

    @Flag(help: "Packets that leave by the interfaces, at TC egress.")
    var egress = false

    @Flag(help: "Run behind the programs that are at the hook, instead of before them.")
    var last = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }
    var isJSONStream: Bool { true }

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count is 1 or more.") }
    }

    func run(in context: Context) throws(PacketMetadataError) {
        var request = WatchRequest()
        request.filter = try filter.filter()
        request.fields = fields?.names ?? []
        request.sample = sample
        request.bufferSize = buffer.bytes
        request.isFirst = !last
        request.isAtEgress = egress
        Interruption.watch()
        let path = registry.path(in: context)
        let stream = try interfaces.run(Action.watch) { (names) throws(PacketMetadataError) in
            let registry = try context.registryForPrograms(at: path)
            return try registry.watch(request, on: names)
        }
        try PacketWatch(stream: stream, count: count, duration: duration?.duration, isJSON: isJSON, context: context)
            .run()
    }
}

struct FilterOptions: ParsableArguments {
    @Option(
        name: [.customLong("field"), .customShort("f")],
        help: ArgumentHelp(
            "Packets whose field has that value: tenant=7, port!=22, length>=1500, or tenant for any value; repeat it for "
                + "several that all have to hold.", valueName: "condition"), completion: .fields)
    var conditions: [String] = []

    @Option(help: ArgumentHelp("From that address, or those that begin so.", valueName: "address[/bits]"))
    var src: String?

    @Option(help: ArgumentHelp("To that address, or those that begin so.", valueName: "address[/bits]"))
    var dst: String?

    @Option(help: ArgumentHelp("From that port of TCP, UDP or SCTP: 1 to 65535.", valueName: "port"))
    var sport: UInt16?

    @Option(help: ArgumentHelp("To that port.", valueName: "port"))
    var dport: UInt16?

    @Option(help: ArgumentHelp("tcp, udp, icmp, icmpv6, sctp, or a protocol's number.", valueName: "protocol"))
    var proto: IPProtocol?

    @Flag(help: "Also packets that carry none of the fields.")
    var allPackets = false

    func validate() throws {
        if sport == 0 || dport == 0 { throw ValidationError("A port is 1 or more.") }
    }

    /// - Throws: `usage` if a condition or an address is none.
    func filter() throws(PacketMetadataError) -> PacketFilter {
        var filter = PacketFilter()
        for condition in conditions { filter.conditions.append(try PacketFilter.Condition(condition)) }
        if let src { filter.source = try AddressPrefix(src) }
        if let dst { filter.destination = try AddressPrefix(dst) }
        filter.sourcePort = sport
        filter.destinationPort = dport
        filter.protocol = proto?.number
        filter.includesPacketsWithoutFields = allPackets
        return filter
    }
}

/// A field's name.
struct FieldNameArgument: ExpressibleByArgument {
    let name: FieldName

    init?(argument: String) {
        guard let name = try? FieldName(argument) else { return nil }
        self.name = name
    }
}

/// Names, with commas between.
struct FieldNames: ExpressibleByArgument {
    let names: [FieldName]

    init?(argument: String) {
        var names: [FieldName] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let name = try? FieldName(String(part)) else { return nil }
            names.append(name)
        }
        self.names = names
    }
}

/// A protocol of IP, by IANA's numbers.
struct IPProtocol: ExpressibleByArgument, Hashable {
    let number: UInt8

    static let names: [UInt8: String] = [
        1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 47: "gre", 50: "esp", 58: "icmpv6", 132: "sctp",
    ]

    static let defaultCompletionKind = CompletionKind.list(names.values.sorted())

    init(number: UInt8) { self.number = number }

    init?(argument: String) {
        let named = Self.names.first { $0.value == argument.lowercased() }?.key
        guard let number = named ?? UInt8(argument) else { return nil }
        self.number = number
    }
}

/// A size, as `4096`, `64K`, `8M`.
struct ByteCount: ExpressibleByArgument {
    let bytes: Int

    init(_ bytes: Int) { self.bytes = bytes }

    init?(argument: String) {
        let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        let unit = argument.last.flatMap { units[$0] }
        guard let number = Int(unit == nil ? argument : String(argument.dropLast())), number > 0 else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
        guard !overflow else { return nil }
        self.bytes = bytes
    }

    var defaultValueDescription: String { bytes >= 1 << 20 ? "\(bytes >> 20)M" : "\(bytes)" }
}
