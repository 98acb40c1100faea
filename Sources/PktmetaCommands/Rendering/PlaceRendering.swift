// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import SystemPackage

/// What a hook is of, in documents: one of the members `interface`, `netfilter` and `cgroup` is there.
extension HookPlace {
    var interfaceJSON: JSONValue? { interface.map(JSONValue.text) }

    var netfilterJSON: JSONValue? {
        netfilter.map { hook in
            [
                "family": .text(hook.family.rawValue),
                "hook": .text(hook.stage.rawValue),
                "priority": .number(Int(hook.priority)),
            ]
        }
    }

    var cgroupJSON: JSONValue? { cgroup.map { .text($0.string) } }
}
