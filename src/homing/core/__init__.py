"""Words every floor shares and nobody owns: errors, moments, ids, units, settings. It knows no home and no lead."""
