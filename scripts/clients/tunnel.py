"""http.client through a tunnel: PROXY-PORT, PORT, PATH, CA. As strict about certificates as it can be."""

import http.client
import ssl
import sys

proxy, port, path, ca = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.verify_flags |= ssl.VERIFY_X509_STRICT
connection = http.client.HTTPSConnection("127.0.0.1", int(proxy), context=context, timeout=10)
connection.set_tunnel("localhost", int(port))
connection.request("GET", path)
print(connection.getresponse().read().decode())
