package widget_test

import (
	_ "github.com/charlahq/charla/storage/storagetest"
	_ "github.com/stretchr/testify/require"
)
