// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// Interfaces of one network namespace.
struct InterfaceOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The interfaces.", valueName: "interface"), completion: .interfaces)
    var names: [String] = []

    @Flag(help: "All interfaces of the namespace but the loopback.")
    var all = false

    @OptionGroup var namespace: NamespaceOptions

    func validate() throws {
        if names.isEmpty == !all {
            throw ValidationError(all ? "--all goes with no interface." : "Name an interface, or --all.")
        }
    }

    var choice: InterfaceChoice { InterfaceChoice(names: names, all: all, netns: namespace.name) }

    func run<Value>(
        _ action: ([String]) -> Action, _ body: ([String]) throws(PacketMetadataError) -> Value
    ) throws(PacketMetadataError) -> Value {
        try choice.run(action, body)
    }
}

/// Interfaces that were named, or all of them.
struct InterfaceChoice: Hashable {
    var names: [String]
    var all = false
    var netns: String?

    /// Runs something in the namespace asked for, with the names there.
    ///
    /// - Parameters:
    ///   - action: what was asked for of interfaces; of none: of all.
    ///   - body: what to run.
    /// - Throws: `notFound` if --all finds none.
    func run<Value>(
        _ action: ([String]) -> Action, _ body: ([String]) throws(PacketMetadataError) -> Value
    ) throws(PacketMetadataError) -> Value {
        try doing(action(names)) { () throws(PacketMetadataError) in
            try NetworkNamespace.run(in: netns) { () throws(PacketMetadataError) in
                if !all { return try body(names) }
                let found = try everyName()
                if found.isEmpty { throw PacketMetadataError(CommandRefusal.noInterfaces) }
                return try body(found)
            }
        }
    }

    private func everyName() throws(PacketMetadataError) -> [String] {
        do throws(Errno) {
            var names: [String] = []
            for interface in try NetworkInterface.all() where try !interface.state().isLoopback {
                names.append(interface.name)
            }
            return names
        } catch {
            throw PacketMetadataError(CommandRefusal.interfacesNotListed(error))
        }
    }
}
