// SPDX-License-Identifier: BSD-2-Clause

package import RegistryModel

/// What was measured, on which machine.
package struct BenchmarkReport: Sendable, Hashable {
    package let machine: Machine
    package var sections: [BenchmarkSection]

    package init(machine: Machine, sections: [BenchmarkSection]) {
        self.machine = machine
        self.sections = sections
    }

    package struct Machine: Sendable, Hashable {
        /// As uname(2) has it.
        package let kernel: String
        package let architecture: String
        package let cpus: Int

        package init(kernel: String, architecture: String, cpus: Int) {
            self.kernel = kernel
            self.architecture = architecture
            self.cpus = cpus
        }
    }
}

/// Figures that were taken in one run, round by round in turn.
package struct BenchmarkSection: Sendable, Hashable {
    package struct Row: Sendable, Hashable {
        package let name: String
        /// By column; nil where the row has none.
        package let values: [Estimate?]
        /// What is special about it, such as the checks that it makes.
        package let note: String

        package init(_ name: String, _ values: [Estimate?], note: String = "") {
            self.name = name
            self.values = values
            self.note = note
        }
    }

    package let part: BenchmarkPart
    package let title: String
    package let unit: String
    /// Digits behind the point that mean something.
    package let digits: Int
    package let columns: [String]
    package let rows: [Row]
    /// Columns that are drawn as bars; none if there are none.
    package let charted: [Int]
    package let bars: [Bar]
    /// How it was measured.
    package let notes: [String]
    /// Why it was not.
    package let obstacle: PacketMetadataError?

    package init(
        _ part: BenchmarkPart, _ title: String, unit: String, digits: Int = 1, columns: [String] = [], rows: [Row] = [],
        charted: [Int] = [], bars: [Bar] = [], notes: [String] = [],
        obstacle: PacketMetadataError? = nil
    ) {
        self.part = part
        self.title = title
        self.unit = unit
        self.digits = digits
        self.columns = columns
        self.rows = rows
        self.charted = charted
        self.bars = bars
        self.notes = notes
        self.obstacle = obstacle
    }
}

/// What can be measured by itself.
package enum BenchmarkPart: String, Sendable, CaseIterable {
    /// Sets and gets by each encoding.
    case encodings
    /// Whole XDP programs.
    case programs
    /// Packets through a veth pair.
    case frames
    /// Packets through a veth pair, beside a map that is keyed by them.
    case skbs
    /// Gets in every layer of the kernel, and the tracer's cost to packets that it is not asked for.
    case layers
    /// Applications that ask for fields by their sockets.
    case sockets
    /// The prebuilt programs, by how many fields there are.
    case growth
    /// TCP with GRO.
    case tcp
    /// Packets that are watched.
    case watch
    /// Interfaces that get what is declared of them as they come.
    case follow
    /// The speed of the command pktmeta.
    case commands
}
