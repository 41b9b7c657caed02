// Fetches a URL with Go's own client, and prints the answer. The proxy and the authorities are those of
// the environment. With a second argument HTTP/2 is spoken, and nothing else will do.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	overHTTP2 := len(os.Args) > 2
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
	if !overHTTP2 {
		// Go's way to say so: no protocols beside HTTP/1.1.
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	answer, err := (&http.Client{Transport: transport}).Get(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer answer.Body.Close()
	if overHTTP2 && answer.ProtoMajor != 2 {
		fmt.Fprintln(os.Stderr, "answered in", answer.Proto)
		os.Exit(1)
	}
	if _, err := io.Copy(os.Stdout, answer.Body); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
