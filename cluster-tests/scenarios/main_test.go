// Package scenarios holds the policy against a real control plane: what users, controllers and kubectl do there.
package scenarios

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"pod-security-policy/cluster-tests/plane"
)

// suite is what all scenarios share.
var suite *Suite

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "cluster-tests-")
	if err != nil {
		return failed(err)
	}
	// With KEEP the logs stay, to be read after a failure.
	if os.Getenv("KEEP") == "" {
		defer os.RemoveAll(folder)
	} else {
		fmt.Println("logs are in", folder)
	}
	binary, err := fromEnvironment("CLUSTER", "the binary of make cluster")
	if err != nil {
		return failed(err)
	}
	control, err := plane.Start(context.Background(), binary, filepath.Join(folder, "plane"))
	if err != nil {
		return failed(err)
	}
	defer control.Stop()
	suite, err = newSuite(control, binary, folder)
	if err != nil {
		return failed(err)
	}
	defer suite.stop()
	return m.Run()
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, "cluster-tests:", err)
	return 1
}

func fromEnvironment(name, meaning string) (string, error) {
	value := os.Getenv(name)
	if value == "" {
		return "", fmt.Errorf("%s is not set: %s; make cluster-tests sets it", name, meaning)
	}
	return filepath.Abs(value)
}
