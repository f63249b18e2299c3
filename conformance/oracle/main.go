// Command oracle answers cases with the original PodSecurityPolicy admission plug-in.
//
// It reads one case per line of standard input and writes one result per line of standard output, in the same order.
package main

import (
	"fmt"
	"os"

	"pod-security-policy/conformance/lines"
)

func main() {
	if err := lines.Answer(os.Stdin, os.Stdout, answer); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}
