// SPDX-License-Identifier: BSD-2-Clause

internal import SystemPackage

/// Who logged in, whatever user a process of the session has become since, as by sudo(8) (CONFIG_AUDIT of the kernel).
public enum LoginUser {
    /// nil if nobody did, as for what runs at boot, or if the kernel does not say.
    public static var current: UInt32? {
        guard let text = try? WholeFile.text("/proc/self/loginuid"), let number = UInt32(text.prefix { $0.isNumber }),
            number != .max
        else { return nil }
        return number
    }
}
