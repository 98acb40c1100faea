// SPDX-License-Identifier: BSD-2-Clause

package import Linux
package import RegistryModel
package import SystemPackage

/// Why a program of this package does not find another one.
package enum ProgramRefusal: Refusal {
    /// With where it was looked for, and the one that does not count since it belongs to somebody else.
    case programNotInstalled(String, folders: [FilePath], ofSomebodyElse: FilePath?)

    package var kind: PacketMetadataError.Kind { .notFound }
}

extension ProgramRefusal {
    package init(missing program: CompanionProgram) {
        self = .programNotInstalled(
            program.name, folders: CompanionProgram.folders, ofSomebodyElse: program.ofSomebodyElse)
    }
}
