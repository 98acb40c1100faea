// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "linux_shims.h"
#include "result.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sockios.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <wchar.h>

int linux_membarrier(int command)
{
	return result(syscall(SYS_membarrier, command, 0, 0));
}

/* value: a struct of linux/ethtool.h, which begins with its command. */
static int ethtool(int socket, const char *name, void *value)
{
	struct ifreq request = {0};

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	request.ifr_data = value;
	return result(ioctl(socket, SIOCETHTOOL, &request));
}

int64_t linux_ethtool_value(int socket, const char *name, uint32_t command)
{
	struct ethtool_value value = {.cmd = command};
	int error = ethtool(socket, name, &value);

	return error < 0 ? error : (int64_t)value.data;
}

int linux_ethtool_set_value(int socket, const char *name, uint32_t command, uint32_t value)
{
	struct ethtool_value request = {.cmd = command, .data = value};

	return ethtool(socket, name, &request);
}

int linux_ethtool_queues(int socket, const char *name, uint32_t *receiving, uint32_t *sending)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	int error = ethtool(socket, name, &channels);

	*receiving = channels.rx_count + channels.combined_count;
	*sending = channels.tx_count + channels.combined_count;
	return error;
}

/* The number of an offload, or -errno. */
static int feature_number(int socket, const char *name, const char *feature)
{
	struct {
		struct ethtool_sset_info info;
		uint32_t count;
	} set = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_FEATURES}};
	struct ethtool_gstrings *strings;
	int error = ethtool(socket, name, &set);

	if (error < 0)
		return error;
	if (!set.info.sset_mask)
		return -EOPNOTSUPP;
	strings = calloc(1, sizeof(*strings) + (size_t)set.count * ETH_GSTRING_LEN);
	if (!strings)
		return -ENOMEM;
	strings->cmd = ETHTOOL_GSTRINGS;
	strings->string_set = ETH_SS_FEATURES;
	strings->len = set.count;
	error = ethtool(socket, name, strings);
	if (!error) {
		error = -ENOENT;
		for (uint32_t i = 0; i < strings->len && i < set.count; i++)
			if (!strncmp((char *)strings->data + i * ETH_GSTRING_LEN, feature, ETH_GSTRING_LEN))
				error = (int)i;
	}
	free(strings);
	return error;
}

int linux_ethtool_feature(int socket, const char *name, const char *feature)
{
	int number = feature_number(socket, name, feature);
	struct ethtool_gfeatures *features;
	uint32_t blocks;
	int error;

	if (number < 0)
		return number;
	blocks = (uint32_t)number / 32 + 1;
	features = calloc(1, sizeof(*features) + blocks * sizeof(features->features[0]));
	if (!features)
		return -ENOMEM;
	features->cmd = ETHTOOL_GFEATURES;
	features->size = blocks;
	error = ethtool(socket, name, features);
	if (!error)
		error = features->features[blocks - 1].active >> number % 32 & 1;
	free(features);
	return error;
}

int linux_ethtool_driver(int socket, const char *name, struct linux_driver_names *names)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	int error = ethtool(socket, name, &info);

	memset(names, 0, sizeof(*names));
	memcpy(names->driver, info.driver, sizeof(info.driver));
	memcpy(names->version, info.version, sizeof(info.version));
	memcpy(names->bus, info.bus_info, sizeof(info.bus_info));
	return error;
}

int linux_check_writable(const char *path)
{
	return result(faccessat(AT_FDCWD, path, W_OK, AT_EACCESS));
}

static int argument_count;
static char **argument_values;

/*
 * glibc hands a constructor what it hands main(). Swift's CommandLine reads /proc/self/cmdline instead, and has no
 * arguments if that cannot be opened.
 *
 * A static executable's Swift runtime finds its folder by /proc/self/exe, to report crashes, and aborts if it cannot.
 * It looks for none that is named: before its own constructors, hence the priority.
 */
__attribute__((constructor(101))) static void begin(int count, char **values)
{
	char name;

	argument_count = count;
	argument_values = values;
	if (readlink("/proc/self/exe", &name, sizeof(name)) < 0)
		setenv("SWIFT_ROOT", "/", 0);
}

char *const *linux_arguments(int *count)
{
	*count = argument_count;
	return argument_values;
}

int linux_is_ignored(int signal)
{
	struct sigaction action;

	return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int linux_poll(struct pollfd *sources, unsigned long count, int (*is_interrupted)(void))
{
	sigset_t blocked, before;
	int happened = 0;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &blocked, &before);
	if (!is_interrupted())
		happened = ppoll(sources, count, NULL, &before);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return happened;
}

void linux_ignore(int signal)
{
	struct sigaction action = {.sa_handler = SIG_IGN};

	sigaction(signal, &action, NULL);
}

const char *linux_errno_name(int number)
{
	return strerrorname_np(number);
}

static int open_resolved(int folder, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .resolve = resolve};

	return result(syscall(SYS_openat2, folder, path, &how, sizeof(how)));
}

int linux_open_folder(int folder, const char *path, bool follows_links)
{
	return open_resolved(folder, path, O_PATH | O_DIRECTORY, follows_links ? 0 : RESOLVE_NO_SYMLINKS);
}

int linux_open_beneath(int folder, const char *path, enum linux_opening opening)
{
	static const int all_flags[] = {
		[LINUX_PLACE] = O_PATH,
		[LINUX_FOLDER_PLACE] = O_PATH | O_DIRECTORY,
		[LINUX_FOLDER] = O_RDONLY | O_DIRECTORY,
	};
	int flags = all_flags[opening];

	return open_resolved(folder, path, flags, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

int linux_exchange(int folder, const char *name, int other_folder, const char *other)
{
	return result(renameat2(folder, name, other_folder, other, RENAME_EXCHANGE));
}

int linux_pipe(int ends[2])
{
	return result(pipe2(ends, O_CLOEXEC));
}

int linux_memfd_create(const char *name)
{
	return result(memfd_create(name, MFD_CLOEXEC));
}

long linux_filesystem_magic(const char *path)
{
	struct statfs info;

	return statfs(path, &info) < 0 ? -errno : (long)info.f_type;
}

long linux_filesystem_magic_of(int fd)
{
	struct statfs info;

	return fstatfs(fd, &info) < 0 ? -errno : (long)info.f_type;
}

uint64_t linux_effective_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, data) < 0)
		return 0;
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}

static locale_t utf8_locale;

static void make_utf8_locale(void)
{
	utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

int linux_character_width(uint32_t scalar)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	locale_t own;
	int width;

	pthread_once(&once, make_utf8_locale);
	if (!utf8_locale)
		return 1;
	own = uselocale(utf8_locale);
	width = wcwidth((wchar_t)scalar);
	uselocale(own);
	return width;
}
