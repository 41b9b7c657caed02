/* bcryptprimitives.dll, as far as Rust needs it: Wine 8 has none. Only for scripts/windows.sh. */
#include <windows.h>

/* RtlGenRandom of advapi32. */
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length)
{
    return SystemFunction036(buffer, (ULONG)length);
}
