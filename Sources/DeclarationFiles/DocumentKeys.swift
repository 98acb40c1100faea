// SPDX-License-Identifier: BSD-2-Clause

/// The keys of a mapping of documents: there are no others.
protocol DocumentKey: RawRepresentable<String>, CaseIterable, Hashable {}

extension DocumentKey {
    static var names: [String] { allCases.map(\.rawValue) }
}

enum RootKey: String, DocumentKey {
    case owner, include, registry, fields, interfaces, cgroups, netfilter, layout
}

enum RegistryKey: String, DocumentKey {
    case path, capacity, statistics
    case modeBits = "mode-bits"
    case group
}

enum FieldKey: String, DocumentKey {
    case type, source, sample, sink
    case isPrivate = "private"
    case sockets, hardware
}

enum InterfaceKey: String, DocumentKey {
    case name, netns, mode
    case tcMode = "tc-mode"
    case xdp, tc
    case tcEgress = "tc-egress"
    case tcOrder = "tc-order"
}

/// Of `tc-order`, where it names another program.
enum OrderKey: String, DocumentKey {
    case before, after
}

enum CgroupKey: String, DocumentKey {
    case path, unit, ingress, egress, sockets
}

enum NetfilterKey: String, DocumentKey {
    case family, hook, priority, netns, defragment, program
}

enum LayoutKey: String, DocumentKey {
    case id, offset
}

// MARK: Words of one key alone

/// Of `tc-order`, where it names no other program.
enum OrderWord: String, CaseIterable {
    case first, last
}

/// Of `hardware`: what is to be of an interface whose driver cannot fill the field.
enum HardwareWord: String, CaseIterable {
    case wanted, required
}

enum FlagWord: String, CaseIterable {
    case yes = "true"
    case no = "false"
}
