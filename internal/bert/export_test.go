package bert

// Blocks is how many blocks of rows the last pass was cut into, 0 if none.
func (ws *Workspace) Blocks() int { return ws.blocks.count }
