/* trust FILE: adds a certificate (DER) to the store of the user, as `certutil -user -addstore Root FILE` of Windows. */
#include <windows.h>
#include <wincrypt.h>
#include <stdio.h>

int main(int count, char **words)
{
    static BYTE certificate[65536];
    FILE *file = count == 2 ? fopen(words[1], "rb") : NULL;
    DWORD length = file ? fread(certificate, 1, sizeof certificate, file) : 0;
    HCERTSTORE store = CertOpenSystemStoreA(0, "Root");
    return !CertAddEncodedCertificateToStore(store, X509_ASN_ENCODING, certificate, length,
                                             CERT_STORE_ADD_REPLACE_EXISTING, NULL)
        || !CertCloseStore(store, 0);
}
