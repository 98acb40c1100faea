// SPDX-License-Identifier: BSD-2-Clause

internal import BPF

/// What reads and loads objects.
public enum LoaderLibrary {
    /// Of libbpf, as `1.1.2`.
    public static var version: String { LibBPF.version }
}
