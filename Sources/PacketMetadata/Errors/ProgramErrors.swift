// SPDX-License-Identifier: BSD-2-Clause

package import Linux
package import RegistryModel
internal import SystemPackage

extension PacketMetadataError {
    /// A program of this package that the one that runs does not find.
    package init(missing program: CompanionProgram, _ summary: String) {
        let folders = CompanionProgram.folders.map(\.string).joined(separator: ", ")
        let other = program.ofSomebodyElse.map { "; \($0) belongs neither to root nor to the owner of this program" }
        self.init(
            .notFound, summary,
            reason: "\(program.name), a program of its own, is not installed in any of \(folders)" + (other ?? ""),
            remedy: "make release, in pktmeta's sources, builds pktmeta and pktmeta-bench: install both in one folder.")
    }
}
