//go:build !linux

package plane

import "syscall"

// deathSignal is nothing where the system offers none.
func deathSignal() *syscall.SysProcAttr {
	return nil
}
