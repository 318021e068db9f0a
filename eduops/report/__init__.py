"""Facts in, .docx and .xlsx out; reads only. Every number in a document can be asked for by a command."""
