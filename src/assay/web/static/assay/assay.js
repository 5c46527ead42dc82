// Enhancements of pages that also work without them. No inline code: the content security policy forbids it.

import "./shell.js";
import "./confirm.js";
import "./forms.js";
import "./intake.js";
import "./keys.js";
import "./scroll-box.js";
import "./library-editor.js";
import "./live-log.js";
import "./requested-changes.js";
import "./viewed.js";
import "./select-rows.js";
import "./palette.js";
