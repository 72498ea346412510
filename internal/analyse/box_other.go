//go:build !linux

package analyse

import (
	"context"
	"errors"
)

// ServeBox does nothing here: boxes need Linux.
func ServeBox() {}

// CanBox says whether this program can be started as a box.
func CanBox() bool { return false }

type boxes struct{}

func newBoxes(*Pool) *boxes { return &boxes{} }

func (*boxes) start(context.Context) (worker, error) { return nil, errors.New("boxes need Linux") }

func (*boxes) close() {}
