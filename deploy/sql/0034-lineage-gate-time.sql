-- compatible-from: 0.1.0
-- A process that ends while its gate is closed leaves it so; after ten minutes it counts for nothing.
ALTER TABLE lineage_gate
	ADD COLUMN IF NOT EXISTS closed_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
