/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names for addresses. Static functions are only in .symtab, so the program's own ELF file is
 * mapped and searched; what is not there (shared libraries) is asked of dladdr. */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "port/port.h"

static struct {
    int tried;
    const ElfW(Sym) * symbols;
    size_t n;
    const char *names;
    size_t names_size;
    uintptr_t base; /* what was added to the file's addresses */
} image;

void sn__os_write(int fd, const char *s, size_t n) {
    while (n) {
        ssize_t r = write(fd, s, n);
        if (r <= 0) return;
        s += r;
        n -= (size_t)r;
    }
}

static uintptr_t load_base(void) {
    const ElfW(Phdr) *ph = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    size_t n = getauxval(AT_PHNUM);
    for (size_t i = 0; ph && i < n; i++)
        if (ph[i].p_type == PT_PHDR) return (uintptr_t)ph - ph[i].p_vaddr;
    return 0;
}

static void find_symtab(const char *file, size_t size) {
    const ElfW(Ehdr) *eh = (const ElfW(Ehdr) *)(const void *)file;
    if (size < sizeof *eh || memcmp(eh->e_ident, ELFMAG, SELFMAG) ||
        eh->e_shoff + (size_t)eh->e_shnum * sizeof(ElfW(Shdr)) > size)
        return;
    const ElfW(Shdr) *sh = (const ElfW(Shdr) *)(const void *)(file + eh->e_shoff);
    for (size_t i = 0; i < eh->e_shnum; i++) {
        if (sh[i].sh_type != SHT_SYMTAB || sh[i].sh_link >= eh->e_shnum) continue;
        const ElfW(Shdr) *str = &sh[sh[i].sh_link];
        if (sh[i].sh_offset + sh[i].sh_size > size || str->sh_offset + str->sh_size > size) return;
        image.symbols = (const ElfW(Sym) *)(const void *)(file + sh[i].sh_offset);
        image.n = sh[i].sh_size / sizeof(ElfW(Sym));
        image.names = file + str->sh_offset;
        image.names_size = str->sh_size;
        image.base = load_base();
        return;
    }
}

static void open_image(void) {
    struct stat st;
    image.tried = 1;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    if (fstat(fd, &st) == 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p != MAP_FAILED) find_symtab(p, (size_t)st.st_size);
    }
    close(fd);
}

static const char *in_image(uintptr_t pc, uintptr_t *offset) {
    for (size_t i = 0; i < image.n; i++) {
        const ElfW(Sym) *s = &image.symbols[i];
        uintptr_t lo = image.base + sn__code_address(s->st_value);
        if ((s->st_info & 0xf) != STT_FUNC || pc < lo || pc >= lo + s->st_size) continue;
        if (s->st_name >= image.names_size) continue;
        *offset = pc - lo;
        return image.names + s->st_name;
    }
    return NULL;
}

const char *sn__os_symbol(uintptr_t pc, uintptr_t *offset) {
    if (!image.tried) open_image();
    const char *name = in_image(pc, offset);
    if (name) return name;
    Dl_info info;
    if (!dladdr((void *)pc, &info) || !info.dli_sname) return NULL;
    *offset = pc - (uintptr_t)info.dli_saddr;
    return info.dli_sname;
}

void sn__os_mappings(int fd) {
    static const char head[] = "--- Memory map: ---\n";
    char part[4096];
    int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (maps < 0) return;
    sn__os_write(fd, head, sizeof head - 1);
    for (ssize_t n; (n = read(maps, part, sizeof part)) > 0;) sn__os_write(fd, part, (size_t)n);
    close(maps);
}
