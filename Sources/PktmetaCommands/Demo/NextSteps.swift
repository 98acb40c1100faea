// SPDX-License-Identifier: BSD-2-Clause

internal import Linux

/// Commands with which somebody who has seen the demo goes on, to be copied as they are.
struct NextSteps {
    /// How this command is called here.
    let command: String
    /// One that the reader has.
    let interface: String

    init(in context: Context) {
        command = context.command
        let all = (try? NetworkInterface.all()) ?? []
        let other = all.first { one in (try? one.state()).map { $0.isRunning && !$0.isLoopback } ?? false }
        interface = other?.name ?? "lo"
    }

    var text: String {
        let width = steps.map { displayWidth($0.arguments) }.max() ?? 0
        return steps.map { arguments, meaning in
            let blanks = String(repeating: " ", count: width - displayWidth(arguments))
            return "\(command) \(arguments)\(blanks)  # \(meaning)"
        }.joined(separator: "\n")
    }

    private var steps: [(arguments: String, meaning: String)] {
        [
            ("doctor \(interface)", "what would keep packets from carrying fields there"),
            ("register-field demo_field --type u32 --source constant:7", "a field that the prebuilt producer sets"),
            ("attach-to-interface \(interface)", "the prebuilt programs; --xdp and --tc take your own"),
            ("watch \(interface) --count 5 --duration 10", "packets as they pass, with their fields"),
            ("inspect-map", "what happened to each field"),
            ("detach-from-interface \(interface)", "takes the programs off again"),
            ("unregister-field demo_field", "gives the field's space back"),
        ]
    }
}
