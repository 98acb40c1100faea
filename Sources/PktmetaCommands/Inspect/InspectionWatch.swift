// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

struct InspectionWatchOptions: ParsableArguments {
    @Option(
        defaultAsFlag: WritingOptions.Seconds(1), parsing: .next,
        help: ArgumentHelp(
            "Go on, with rates, every so many seconds: on a terminal in place, in a pipe or on a dumb terminal a block each "
                + "time, with --json a line each time.",
            discussion:
                "Keys: q quits, space pauses, s sorts by the next key, r reverses, arrows and page keys scroll.",
            valueName: "seconds"))
    var watch: WritingOptions.Seconds?

    @Option(help: ArgumentHelp("End after so many times; with --watch.", valueName: "times"))
    var count: Int?

    private static let shortest = Duration.milliseconds(50)

    var interval: Duration? { watch?.duration }

    func validate() throws {
        if let interval, interval < Self.shortest {
            throw ValidationError("--watch takes at least 0.05 seconds.")
        }
        if let count, interval == nil || count < 1 {
            throw ValidationError("--count goes with --watch, and is 1 or more.")
        }
    }
}

/// Shows an inspection again and again, with rates.
struct InspectionWatch {
    private var selection: InspectionSelection
    private let view: InspectionView
    private let interval: Duration
    private let count: Int?
    private let isJSON: Bool
    private let context: Context
    private let read: () throws(PacketMetadataError) -> Inspection

    init(
        selection: InspectionSelection, view: InspectionView, interval: Duration, count: Int?, isJSON: Bool,
        context: Context, read: @escaping () throws(PacketMetadataError) -> Inspection
    ) {
        self.selection = selection
        self.view = view
        self.interval = interval
        self.count = count
        self.isJSON = isJSON
        self.context = context
        self.read = read
    }

    /// Until the count is reached, somebody quits or a signal comes.
    ///
    /// - Throws: `notFound` if the registry, or a field that was named, is or goes missing.
    consuming func run() throws(PacketMetadataError) {
        Interruption.watch()
        if context.hasScreen, !isJSON {
            try runOnScreen()
        } else {
            try runInPipe()
        }
    }

    // MARK: In a pipe

    private func runInPipe() throws(PacketMetadataError) {
        var earlier = try read()
        _ = try selection.applied(to: earlier)
        var pace = Pace(interval)
        for number in 1... {
            // A signal ends the pause, unless it comes just before.
            while let left = pace.left, Interruption.signal == nil { Pause.sleep(for: min(left, .milliseconds(50))) }
            if Interruption.signal != nil { return }
            let now = try read()
            let report = try report(now, since: earlier)
            if isJSON {
                context.output(report.document.jsonLine)
            } else {
                context.output((number == 1 ? "" : "\n") + InspectionRendering(report, context.display).text)
            }
            if number == count { return }
            earlier = now
            pace.advance()
        }
    }

    private func report(_ now: Inspection, since earlier: Inspection?) throws(PacketMetadataError) -> InspectionReport {
        let rates = earlier.map { now.rates(since: $0) }
        return InspectionReport(
            try selection.applied(to: now, rates: rates), view, rates: rates ?? [:], showsRates: true)
    }

    // MARK: On a terminal

    private mutating func runOnScreen() throws(PacketMetadataError) {
        var screen = try LiveScreen(context)
        var (now, earlier) = (try read(), Inspection?.none)
        var isPaused = false
        var pace = Pace(interval)
        var shown = 1
        while Interruption.signal == nil {
            let report = try report(now, since: earlier)
            let status = status(isPaused, hasKeys: screen.hasKeyboard)
            screen.show(InspectionRendering(report, context.display).text, status: status)
            switch screen.key(within: pace.left ?? .zero) {
            case .quit: return
            case .pause: isPaused.toggle()
            case .sort: selection.sort = selection.sort.next
            case .reverse: selection.isReversed.toggle()
            case .other: break
            }
            guard pace.left == nil else { continue }
            if shown == count { return }
            pace.advance()
            guard !isPaused else { continue }
            (now, earlier) = (try read(), now)
            shown += 1
        }
    }

    private func status(_ isPaused: Bool, hasKeys: Bool) -> String {
        let seconds = Double(interval.components.seconds) + Double(interval.components.attoseconds) / 1e18
        let text = seconds == seconds.rounded() ? String(Int(seconds)) : String(seconds)
        let order = selection.sort.rawValue + (selection.isReversed ? " (reversed)" : "")
        let keys = hasKeys ? "q quits, space pauses, s sorts, r reverses" : "Ctrl-C quits"
        return (isPaused ? "paused" : "every \(text) s") + "; by \(order); \(keys)"
    }
}

extension SortKey {
    fileprivate var next: SortKey {
        let all = Self.allCases
        return all[((all.firstIndex(of: self) ?? 0) + 1) % all.count]
    }
}

/// When the next time is: as often as asked for on the average, however long each takes.
private struct Pace {
    private let interval: Duration
    private var next: ContinuousClock.Instant

    init(_ interval: Duration) {
        self.interval = interval
        next = .now + interval
    }

    /// nil once the time has come.
    var left: Duration? {
        let left = next - .now
        return left > .zero ? left : nil
    }

    mutating func advance() { next = max(next + interval, .now) }
}
