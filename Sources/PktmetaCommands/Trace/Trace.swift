// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import PacketMetadata
internal import RegistryModel

struct Trace: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Follow packets through the kernel, and see where and why it drops them.",
        discussion: """
            Begins with packets for which all filters hold, and follows each from there on, in all network namespaces, also \
            where its fields are lost: a line for each station, with the time since the first. At its start the command \
            says which stations this kernel shows, and which it does not.

            A packet is known by its address, which the kernel uses again as soon as it is free. Where it is not certain \
            that a packet is still the same, its number has a question mark. A copy that shares a packet's memory, as \
            one for tcpdump, is a packet of its own: copy of #1.

            The command only reads, attaches nothing that outlives it, and counts what it loses. With --json, a document a \
            line.
            """)

    @OptionGroup var filter: FilterOptions

    @Option(
        help: ArgumentHelp("Show these fields only; all if not given.", valueName: "names"), completion: .listsOfFields)
    var fields: FieldNames?

    @Option(
        help: ArgumentHelp(
            "Follow one in so many of the packets that match on a CPU, beginning with the first.", valueName: "number"))
    var sample = 1

    @Option(help: ArgumentHelp("Follow so many packets, and end.", valueName: "packets"))
    var count: Int?

    @Option(help: ArgumentHelp("End after that time, such as 0.5; 0: at once.", valueName: "seconds"))
    var duration: WritingOptions.Seconds?

    @Option(
        help: ArgumentHelp(
            "Show no packets, but at the end, by the values of that field, how many there were, how long they took from "
                + "station to station, and why they were dropped.", valueName: "field"), completion: .fields)
    var summary: FieldNameArgument?

    @Option(
        help: ArgumentHelp(
            "Bytes of events that may wait to be shown: a power of two, also 64K or 8M.", valueName: "size"))
    var buffer = ByteCount(4 << 20)

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }
    var isJSONStream: Bool { true }

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count is 1 or more.") }
        if fields != nil, summary != nil {
            throw ValidationError("--summary shows its own field only: leave --fields out.")
        }
    }

    func run(in context: Context) throws(PacketMetadataError) {
        var request = TraceRequest()
        request.filter = try filter.filter()
        request.fields = summary.map { [$0.name] } ?? fields?.names ?? []
        request.sample = sample
        request.count = count
        request.bufferSize = buffer.bytes
        Interruption.watch()
        context.progress("attaching to functions of the kernel, which takes seconds")
        let stream = try context.registryForPrograms(at: registry.path(in: context)).trace(request)
        let notes = TraceNotes(stream)
        if isJSON {
            context.output(TraceNotesDocument(notes: notes).jsonLine)
        } else {
            notes.lines.forEach(context.note)
        }
        let rendering = TraceRendering(bootTime: Clock.realtime &- Clock.monotonic, display: context.display)
        let output: any TraceOutput =
            if let summary {
                TraceSummaryOutput(by: summary.name, isJSON: isJSON, display: context.display)
            } else {
                TraceLines(rendering: rendering, isJSON: isJSON)
            }
        try PacketTrace(stream: stream, count: count, duration: duration?.duration, context: context).run(output)
    }
}
